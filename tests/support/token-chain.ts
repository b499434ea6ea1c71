import { expect } from 'vitest'

/** A token of a grant as it is stored. Times are UTC microseconds. */
export interface StoredToken {
  readonly kind: string
  readonly hash: string
  readonly successor: string | null
  readonly used_at: number | null
}

/** One chain from the first token to the last: each used token has one successor, which nobody else has, and the last is unused. */
export function checkChain(stored: readonly StoredToken[]): void {
  const refresh = stored.filter(({ kind }) => kind === 'refresh')
  expect(stored).toHaveLength(refresh.length * 2)
  const successors = refresh.flatMap(({ successor }) => successor ?? [])
  expect(new Set(successors).size).toBe(successors.length)
  expect(refresh.filter(({ used_at: used }) => used === null)).toHaveLength(refresh.length === 0 ? 0 : 1)
  for (const { used_at: used, successor } of refresh) expect(successor === null).toBe(used === null)
  for (const successor of successors) expect(refresh.map(({ hash }) => hash)).toContain(successor)
}

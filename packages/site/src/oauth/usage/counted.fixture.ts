import type { Counted } from './usage.ts'

/** Microseconds. */
export const DAY = 86_400_000_000
let subjects = 0

/** A token, a grant and an app that nothing was counted for yet. */
export function token(values: Partial<Counted> = {}): Counted {
  subjects += 1
  return { client: `client-${subjects}`, grant: `grant-${subjects}`, hash: `hash-${subjects}`, ...values }
}

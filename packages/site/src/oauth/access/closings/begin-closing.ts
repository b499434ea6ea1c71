import { randomUUID } from 'node:crypto'
import type { Connection } from '@annex/database'
import { extendClosing, insertClosing, isClosedUntil, type ClosingScope } from './closings-store.ts'
import { AT_ONCE, mayBeMore, nextClosed, readLastMade } from './turns-store.ts'

/** Before the first of all grants. */
export const START = { created: 0, id: '' } as const

/**
 * Closes all that an app, a user, or a user with one app has now: from the commit of the caller's transaction on none of it is good, in any
 * process, however much it is. The oldest forty come back, for the caller to end; the rest is ended by `Closings`. What is granted later
 * is another matter.
 *
 * @param now - UTC microseconds
 */
export async function beginClosing(
  connection: Connection,
  scope: ClosingScope,
  { reason, by, now }: { readonly reason: string; readonly by: string | undefined; readonly now: number },
): Promise<readonly string[]> {
  const lastMade = await readLastMade(connection, scope)
  // The clock of the process that stored the last of them may be ahead.
  const closedAt = Math.max(now, lastMade)
  const turns = await nextClosed(connection, scope, { after: START, most: AT_ONCE }, { closedAt, now })
  // One that is under way already, of as many, is not made twice; nor one for what was granted since: every judgement looks at all of them.
  const closing = { ...scope, id: randomUUID(), roles: undefined, closedAt, reason, reached: turns.next ?? START, by }
  const isNew = (await mayBeMore(connection, scope, { closedAt, now }, turns)) && !(await isClosedUntil(connection, scope, lastMade))
  if (isNew && !(await extendClosing(connection, closing))) await insertClosing(connection, closing)
  return turns.grants.map(({ id }) => id)
}

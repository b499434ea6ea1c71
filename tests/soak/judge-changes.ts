import type { Changed, Ledger } from './ledger.ts'

/** A webhook that was answered 2xx. */
export interface Accepted {
  readonly name: string
  readonly modified: string
}

/** What was accepted and not told to a person, in the state that it told of or a later one. */
export function missingOf(accepted: readonly Accepted[], connections: readonly string[], changed: readonly Changed[]): string[] {
  const newest = new Map<string, string>()
  for (const { connection, name, modified } of changed) {
    const key = `${connection} ${name}`
    if (modified > (newest.get(key) ?? '')) newest.set(key, modified)
  }
  return connections.flatMap((connection) =>
    accepted
      .filter(({ name, modified }) => (newest.get(`${connection} ${name}`) ?? '') < modified)
      .map(({ name, modified }) => `${connection} was not told of ${name} of ${modified}`),
  )
}

/** Nothing accepted is lost, nothing is told twice or after something newer, and nothing that no change made is told at all. */
export function judgeChanges(
  accepted: readonly Accepted[],
  connections: readonly string[],
  ledger: Ledger,
  isMade: (name: string, modified: string) => boolean,
): void {
  for (const sentence of missingOf(accepted, connections, ledger.changed)) ledger.fault(sentence)
  const last = new Map<string, Changed>()
  for (const change of ledger.changed) {
    const { connection, name, modified, document } = change
    const key = `${connection} ${name}`
    const before = last.get(key)
    if (!isMade(name, modified) || document?.modified !== modified)
      ledger.fault(`${connection} was told of ${name} of ${modified}, which never was so`)
    if (before !== undefined && before.modified >= modified && !ledger.diedAfter(before))
      ledger.fault(`${connection} was told of ${name} of ${modified} after ${before.modified}, by ${change.run} after ${before.run}`)
    if (before === undefined || before.modified < modified) last.set(key, change)
  }
}

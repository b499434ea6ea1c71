import type { Connection, Database } from '@annex/database'
import type { Audit } from '../audit.ts'
import type { BatchRow } from '../audit-tables.ts'
import { ERASED, listErasures, listNamedAfter } from '../people/people-store.ts'
import { signedCheckpoint } from './canonical.ts'
import { findLastBefore, listBatches, lockHead, readCheckpoint, replaceByCheckpoint } from './chain-store.ts'
import type { Signer } from './signer.ts'
import { findFault, type Fault } from './verify.ts'

export interface PruneParts {
  readonly database: Database
  readonly audit: Pick<Audit, 'write'>
  readonly signer: Signer
  /** UTC microseconds. */
  readonly now: () => number
  /** As for `verifyTrail`. */
  readonly lost?: readonly string[]
}

/** What would go is not as it was sealed: it stays, since a checkpoint in its place would hide that. */
class TrailFault extends Error {
  constructor({ sentence }: Fault) {
    super(`The audit trail is not pruned, because it is not as it was sealed. ${sentence}`)
  }
}

/** Rows that go at once: others who write wait as long as it takes. */
const MOST = 2000

/**
 * Removes sealed rows from before a time, a few at once, oldest first, and leaves a signed checkpoint from which the chain can be
 * proven. A batch goes whole, so rows that were sealed with later ones stay a little longer. How many rows went comes back.
 *
 * @param cutoff - UTC microseconds
 * @throws {TrailFault} when something of what would go was tampered with
 */
export async function pruneTrail(parts: PruneParts, cutoff: number): Promise<number> {
  let removed = 0
  for (;;) {
    const count = await parts.database.transaction((connection) => pruneSome(connection, parts, cutoff), { durable: true })
    if (count === 0) return removed
    removed += count
  }
}

async function pruneSome(connection: Connection, parts: PruneParts, cutoff: number): Promise<number> {
  const { signer, now, lost } = parts
  await lockHead(connection)
  const last = await findLastBefore(connection, cutoff)
  if (!last) return 0
  const before = await readCheckpoint(connection)
  const going = fewOf(await listBatches(connection, before?.number ?? 0, MOST), last.number)
  const end = going.at(-1)
  if (!end) return 0
  const fault = await findFault(connection, signer, end.number, lost)
  if (fault) throw new TrailFault(fault)
  await keepErasures(connection, parts, end.number)
  const rows = going.reduce((sum, batch) => sum + batch.rows, 0)
  const [at, removed] = [now(), (before?.removed ?? 0) + rows]
  const { keyId, signature } = signer.sign(signedCheckpoint(end.number, end.head, removed, at))
  await replaceByCheckpoint(connection, { number: end.number, at, removed, head: end.head, key_id: keyId, signature })
  return rows
}

/** Rows may be sealed after the erasure of whom they name. What says why that name is gone stays as long as they do. */
async function keepErasures(connection: Connection, { audit }: PruneParts, last: number): Promise<void> {
  const erased = await listErasures(connection, last)
  for (const person of await listNamedAfter(connection, erased, last)) await audit.write(connection, { event: ERASED, detail: { person } })
}

/** The first of them, until they have rows enough. */
function fewOf(batches: readonly BatchRow[], last: number): BatchRow[] {
  const few: BatchRow[] = []
  let rows = 0
  for (const batch of batches) {
    if (batch.number > last || (few.length > 0 && rows + batch.rows > MOST)) break
    few.push(batch)
    rows += batch.rows
  }
  return few
}

import type { Connection } from '@annex/database'
import type { AuditRow, AuditTables, BatchRow, CheckpointRow } from '../audit-tables.ts'
import { CHAINED, type ChainedRow } from './canonical.ts'

const tables = (connection: Connection) => connection.withTables<AuditTables>()

/** Where the chain ends. */
export interface Head {
  readonly number: number
  readonly head: string
}

export async function hasUnsealed(connection: Connection): Promise<boolean> {
  // Index (batch).
  return (await tables(connection).selectFrom('audit').select('id').where('batch', 'is', null).limit(1).executeTakeFirst()) !== undefined
}

export async function countUnsealed(connection: Connection): Promise<number> {
  // Index (batch).
  const row = await tables(connection)
    .selectFrom('audit')
    .select((audit) => audit.fn.countAll<number>().as('n'))
    .where('batch', 'is', null)
    .executeTakeFirstOrThrow()
  return row.n
}

/** The end of the chain, held until the transaction ends: of all processes one adds to it at a time. */
export async function lockHead(connection: Connection): Promise<Head> {
  // Primary key. An update locks the row on either engine.
  return tables(connection)
    .updateTable('audit_head')
    .set((head) => ({ number: head.ref('number') }))
    .where('id', '=', 1)
    .returning(['number', 'head'])
    .executeTakeFirstOrThrow()
}

export async function readHead(connection: Connection): Promise<Head> {
  // Primary key.
  return tables(connection).selectFrom('audit_head').select(['number', 'head']).where('id', '=', 1).executeTakeFirstOrThrow()
}

/** Whether the chain, which ends in `end`, still goes through a head: prunings cover what they took with a checkpoint. */
export async function goesThrough(connection: Connection, { number, head }: Head, end: Head): Promise<boolean> {
  if (end.number <= number) return end.number === number && end.head === head
  // Primary key.
  const batch = await tables(connection).selectFrom('audit_batch').select('head').where('number', '=', number).executeTakeFirst()
  return batch ? batch.head === head : ((await readCheckpoint(connection))?.number ?? 0) >= number
}

/** Puts rows that no batch has into one, whenever they were written: a transaction may commit late. */
export async function takeUnsealed(connection: Connection, number: number, limit: number): Promise<ChainedRow[]> {
  const db = tables(connection)
  // Index (batch), then the primary key.
  const some = db.selectFrom('audit').select('id').where('batch', 'is', null).limit(limit)
  return db.updateTable('audit').set({ batch: number }).where('id', 'in', some).returning(CHAINED).execute()
}

export async function insertBatch(connection: Connection, batch: BatchRow): Promise<void> {
  const db = tables(connection)
  await db.insertInto('audit_batch').values(batch).execute()
  // Primary key.
  await db.updateTable('audit_head').set({ number: batch.number, head: batch.head }).where('id', '=', 1).execute()
}

/** Batches after a number, in order. */
export async function listBatches(connection: Connection, after: number, limit: number): Promise<BatchRow[]> {
  // Primary key.
  return tables(connection).selectFrom('audit_batch').selectAll().where('number', '>', after).orderBy('number').limit(limit).execute()
}

/** Rows of the batches from one number to another. */
export async function listMembers(connection: Connection, from: number, to: number): Promise<AuditRow[]> {
  // Index (batch).
  return tables(connection).selectFrom('audit').selectAll().where('batch', '>=', from).where('batch', '<=', to).execute()
}

/** A batch that rows say they are in, outside those that the chain has. */
export async function findStrayBatch(connection: Connection, first: number, last: number): Promise<number | undefined> {
  const db = tables(connection)
  // Index (batch), twice.
  const before = await db.selectFrom('audit').select('batch').where('batch', '<', first).orderBy('batch').limit(1).executeTakeFirst()
  const after = await db.selectFrom('audit').select('batch').where('batch', '>', last).orderBy('batch').limit(1).executeTakeFirst()
  return before?.batch ?? after?.batch ?? undefined
}

export async function readCheckpoint(connection: Connection): Promise<CheckpointRow | undefined> {
  // Primary key.
  return tables(connection).selectFrom('audit_checkpoint').selectAll().orderBy('number', 'desc').limit(1).executeTakeFirst()
}

/** The keys without which the trail proves nothing: of its checkpoint and of its last batch. */
export async function listEndKeys(connection: Connection): Promise<string[]> {
  // Primary key.
  const last = await tables(connection).selectFrom('audit_batch').select('key_id').orderBy('number', 'desc').limit(1).executeTakeFirst()
  const checkpoint = await readCheckpoint(connection)
  return [last, checkpoint].flatMap((end) => (end ? [end.key_id] : []))
}

/** The last batch before the first that holds a row of this time or later; undefined when there is none. */
export async function findLastBefore(connection: Connection, cutoff: number): Promise<BatchRow | undefined> {
  const db = tables(connection)
  // Primary key, from the oldest on: batches that may go stand before those that stay.
  const kept = await db
    .selectFrom('audit_batch')
    .select('number')
    .where('until', '>=', cutoff)
    .orderBy('number')
    .limit(1)
    .executeTakeFirst()
  let query = db.selectFrom('audit_batch').selectAll().orderBy('number', 'desc').limit(1)
  if (kept) query = query.where('number', '<', kept.number)
  return query.executeTakeFirst()
}

/** The checkpoint takes the place of what it covers: only then the database lets that go. */
export async function replaceByCheckpoint(connection: Connection, checkpoint: CheckpointRow): Promise<void> {
  const db = tables(connection)
  await db.insertInto('audit_checkpoint').values(checkpoint).execute()
  // Primary keys, and index (batch).
  await db.deleteFrom('audit_checkpoint').where('number', '<', checkpoint.number).execute()
  await db.deleteFrom('audit').where('batch', '<=', checkpoint.number).execute()
  await db.deleteFrom('audit_batch').where('number', '<=', checkpoint.number).execute()
}

import { dialectOf, keptInsert, type Connection, type Database } from '@annex/database'
import { sql } from 'kysely'

export type DeliveryState = 'waiting' | 'done' | 'dead'

/** Times are UTC microseconds. */
export type OutboxRow = {
  id: string
  /** Which courier carries it. */
  kind: string
  /** Whose queue it stands in. */
  receiver: string
  /** JSON. */
  payload: string
  state: DeliveryState
  attempts: number
  created: number
  /** Of a waiting one: not before. */
  next_at: number
  /** A failure after this is the last. */
  give_up_at: number
  finished: number | null
  /** One sentence without secrets. */
  last_error: string | null
}

export type ReceiverRow = {
  receiver: string
  /** Of the worker that sends now. */
  lease: string | null
  locked_until: number
  paused_until: number
  /** In a row, at which it could not be reached. */
  failures: number
}

type Tables = { outbox: OutboxRow; outbox_receiver: ReceiverRow }

export async function insertMessages(connection: Connection, rows: readonly OutboxRow[]): Promise<void> {
  // In one order, so that two who write to the same new receivers do not wait for each other.
  const receivers = [...new Set(rows.map(({ receiver }) => receiver))].toSorted()
  await insertReceivers(
    connection,
    receivers.map((receiver) => ({ receiver, lease: null, locked_until: 0, paused_until: 0, failures: 0 })),
  )
  await insertRows(connection, rows)
}

// Primary key: the row is there from the first message on.
const insertReceivers = keptInsert<ReceiverRow>(
  'outbox_receiver',
  ['receiver', 'lease', 'locked_until', 'paused_until', 'failures'],
  (insertion) => insertion.onConflict((conflict) => conflict.column('receiver').doNothing()),
)

const insertRows = keptInsert<OutboxRow>('outbox', [
  'id',
  'kind',
  'receiver',
  'payload',
  'state',
  'attempts',
  'created',
  'next_at',
  'give_up_at',
  'finished',
  'last_error',
])

/** Whether any message is due, its receiver free or not. */
export async function hasDueMessage(connection: Connection, now: number): Promise<boolean> {
  const db = connection.withTables<Tables>()
  // Index outbox_state_next_at.
  const query = db.selectFrom('outbox').select('id').where('state', '=', 'waiting').where('next_at', '<=', now)
  return (await query.limit(1).executeTakeFirst()) !== undefined
}

export interface Claim {
  readonly lease: string
  readonly now: number
  readonly until: number
  readonly most: number
  /** Those that could not be reached last time; else those that could, and new ones. */
  readonly failed: boolean
}

/** Takes receivers that have something due and are in nobody's hands; of those that failed, the ones that did so least come first. */
export async function claimReceivers({ connection, engine }: Database, claim: Claim): Promise<string[]> {
  const db = connection.withTables<Tables>()
  const free = db
    .selectFrom('outbox_receiver as queue')
    .select('queue.receiver')
    .where('queue.locked_until', '<=', claim.now)
    .where('queue.paused_until', '<=', claim.now)
    .where('queue.failures', claim.failed ? '>' : '=', 0)
    // Index outbox_receiver_state_created.
    .where((where) =>
      where.exists(
        where
          .selectFrom('outbox as message')
          .select(sql<number>`1`.as('one'))
          .whereRef('message.receiver', '=', 'queue.receiver')
          .where('message.state', '=', 'waiting')
          .where('message.next_at', '<=', claim.now),
      ),
    )
    .orderBy('queue.failures')
    .orderBy('queue.paused_until')
    .limit(claim.most)
    .modifyEnd(dialectOf(engine).lockFreeRows)
  // Primary key.
  const claimed = await db
    .updateTable('outbox_receiver')
    .set({ lease: claim.lease, locked_until: claim.until })
    .where('receiver', 'in', free)
    .returning('receiver')
    .execute()
  return claimed.map(({ receiver }) => receiver)
}

/** The oldest message of the receiver that is due. */
export async function readNextMessage(connection: Connection, receiver: string, now: number): Promise<OutboxRow | undefined> {
  const db = connection.withTables<Tables>()
  // Index outbox_receiver_state_created.
  const query = db.selectFrom('outbox').selectAll().where('receiver', '=', receiver).where('state', '=', 'waiting')
  return query.where('next_at', '<=', now).orderBy('created').orderBy('id').limit(1).executeTakeFirst()
}

/** False when the lease has gone over to another worker; nothing is changed then. */
export async function updateReceiver(
  connection: Connection,
  held: { readonly receiver: string; readonly lease: string },
  values: Partial<ReceiverRow>,
): Promise<boolean> {
  const db = connection.withTables<Tables>()
  // Primary key.
  const query = db.updateTable('outbox_receiver').set(values).where('receiver', '=', held.receiver).where('lease', '=', held.lease)
  return (await query.returning('receiver').executeTakeFirst()) !== undefined
}

export async function updateMessage(connection: Connection, id: string, values: Partial<OutboxRow>): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().updateTable('outbox').set(values).where('id', '=', id).execute()
}

export async function removeMessage(connection: Connection, id: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('outbox').where('id', '=', id).execute()
}

export async function readMessage(connection: Connection, id: string): Promise<OutboxRow | undefined> {
  // Primary key.
  return connection.withTables<Tables>().selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Newest first. */
export async function listMessages(connection: Connection, receivers: readonly string[], limit: number): Promise<OutboxRow[]> {
  const db = connection.withTables<Tables>()
  // Index outbox_receiver_created.
  const query = db.selectFrom('outbox').selectAll().where('receiver', 'in', receivers)
  return query.orderBy('created', 'desc').orderBy('id').limit(limit).execute()
}

/** Makes a receiver one that may be called now, whatever it did before. */
export async function resumeReceiver(connection: Connection, receiver: string): Promise<void> {
  const db = connection.withTables<Tables>()
  // Primary key.
  await db.updateTable('outbox_receiver').set({ paused_until: 0, failures: 0 }).where('receiver', '=', receiver).execute()
}

/** Removes at most so many messages that ended before; the number comes back. */
export async function removeEnded(connection: Connection, state: 'done' | 'dead', before: number, most: number): Promise<number> {
  const db = connection.withTables<Tables>()
  // Index outbox_state_finished.
  const old = db.selectFrom('outbox').select('id').where('state', '=', state).where('finished', '<', before).limit(most)
  const { numDeletedRows } = await db.deleteFrom('outbox').where('id', 'in', old).executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

import { dialectOf, few, fewAtATime, type Connection, type Database } from '@annex/database'
import type { InboxEntry, InboxStore } from '../connector-store.ts'
import { nowMs } from './now-ms.ts'
import { tablesOf, type InboxRow } from './tables.ts'

export class SqlInbox implements InboxStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async add(entry: Omit<InboxEntry, 'attempts'>, { again = false }: { readonly again?: boolean } = {}): Promise<'added' | 'repeat'> {
    const { id, kind, payload, receivedAt } = entry
    const waiting = { kind, payload, received_at: receivedAt, attempts: 0, state: 'waiting', taken: 0, again: 0, error: null }
    return this.#database.transaction(
      async (connection) => {
        const tables = tablesOf(connection)
        // primary key
        const added = await tables
          .insertInto('connector_inbox')
          .values({ tenant: this.#tenant, id, ...waiting, due_at: nowMs(this.#database) })
          .onConflict((conflict) => conflict.columns(['tenant', 'id']).doNothing())
          .returning('id')
          .execute()
        if (added.length === 1) return 'added'
        if (!again) return 'repeat'
        const known = tables.updateTable('connector_inbox').where('tenant', '=', this.#tenant).where('id', '=', id)
        // primary key
        await known
          .set((row) => ({
            again: row.ref('taken'),
            received_at: row
              .case()
              .when('received_at', '<', receivedAt)
              .then(receivedAt)
              .else(row('received_at', '+', 1))
              .end(),
          }))
          .where('state', '=', 'waiting')
          .where('attempts', '>', 0)
          .execute()
        const revived = await known
          .set({ ...waiting, due_at: nowMs(this.#database) })
          .where('state', '!=', 'waiting')
          .returning('id')
          .execute()
        return revived.length === 1 ? 'added' : 'repeat'
      },
      { durable: true },
    )
  }

  async take(kinds: readonly InboxEntry['kind'][], limit: number, leaseMs: number): Promise<InboxEntry[]> {
    // Mostly there is nothing, which is seen without a place in the line of those who write.
    if (!(await this.#hasDue(kinds))) return []
    const rows = await this.#database.transaction(async (connection) => {
      const ids = await this.#longestDue(connection, kinds, limit)
      if (ids.length === 0) return []
      // primary key
      return tablesOf(connection)
        .updateTable('connector_inbox')
        .set((row) => ({ attempts: row('attempts', '+', 1), taken: 1, due_at: nowMs(this.#database, leaseMs) }))
        .where('tenant', '=', this.#tenant)
        .where('id', 'in', ids)
        .returningAll()
        .execute()
    })
    return rows.map(fromRow).toSorted((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1))
  }

  async #hasDue(kinds: readonly InboxEntry['kind'][]): Promise<boolean> {
    const { connection } = this.#database
    const tables = tablesOf(connection)
    const found = await tables.selectNoFrom(() => kinds.map((kind) => this.#due(connection, kind).select('id').limit(1).as(kind))).execute()
    return found.some((row) => Object.values(row).some((id) => id !== null))
  }

  /** Each kind by itself: together they would have to be sorted, however many are due. */
  async #longestDue(connection: Connection, kinds: readonly InboxEntry['kind'][], limit: number): Promise<string[]> {
    const { lockFreeRows } = dialectOf(this.#database.engine)
    const due: { readonly id: string; readonly due_at: number }[] = []
    for (const kind of kinds) {
      const query = this.#due(connection, kind).select(['id', 'due_at']).limit(limit).modifyEnd(lockFreeRows)
      due.push(...(await query.execute()))
    }
    return due
      .toSorted((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map(({ id }) => id)
  }

  /** connector_inbox_due; in its order also where one is enough, or PostgreSQL may look for that one anywhere in the table. */
  #due(connection: Connection, kind: InboxEntry['kind']) {
    const query = tablesOf(connection).selectFrom('connector_inbox').where('tenant', '=', this.#tenant).where('state', '=', 'waiting')
    return query.where('kind', '=', kind).where('due_at', '<=', nowMs(this.#database)).orderBy('due_at').orderBy('id')
  }

  async done(id: string): Promise<void> {
    await this.#end(id, { state: 'done', payload: '', error: null })
  }

  async retry(id: string, delayMs: number, error: string): Promise<void> {
    // primary key
    await this.#waiting(id)
      .set({ taken: 0, again: 0, error, due_at: nowMs(this.#database, delayMs) })
      .execute()
  }

  async giveUp(id: string, error: string): Promise<void> {
    await this.#end(id, { state: 'given-up', error })
  }

  async list(state: 'waiting' | 'given-up', limit: number): Promise<(InboxEntry & { readonly error: string | null })[]> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_inbox').selectAll().where('tenant', '=', this.#tenant)
    // connector_inbox_age
    const rows = await query.where('state', '=', state).orderBy('received_at').orderBy('id').limit(limit).execute()
    return rows.map((row) => ({ ...fromRow(row), error: row.error }))
  }

  async sweep(doneBefore: number, givenUpBefore: number): Promise<number> {
    return (await this.#sweepState('done', doneBefore)) + (await this.#sweepState('given-up', givenUpBefore))
  }

  async #sweepState(state: 'done' | 'given-up', receivedBefore: number): Promise<number> {
    const tables = tablesOf(this.#database.connection)
    const query = tables.selectFrom('connector_inbox').where('tenant', '=', this.#tenant).where('state', '=', state)
    // connector_inbox_age
    const old = query.where('received_at', '<', receivedBefore).orderBy('received_at')
    return fewAtATime(tables.deleteFrom('connector_inbox').where(few(this.#database, old)).returning('id'))
  }

  /** What came again while it was worked on waits anew. In this order: what comes between the two is not lost. */
  async #end(id: string, ended: { readonly state: string; readonly payload?: string; readonly error: string | null }): Promise<void> {
    await this.#database.transaction(async (connection) => {
      const over = { ...ended, taken: 0 }
      // primary key
      const isOver = await this.#waiting(id, connection).set(over).where('again', '=', 0).returning('id').execute()
      if (isOver.length > 0) return
      const anew = { again: 0, taken: 0, attempts: 0, error: null, due_at: nowMs(this.#database) }
      await this.#waiting(id, connection).set(anew).where('again', '=', 1).execute()
    })
  }

  #waiting(id: string, connection = this.#database.connection) {
    const query = tablesOf(connection).updateTable('connector_inbox').where('tenant', '=', this.#tenant)
    return query.where('id', '=', id).where('state', '=', 'waiting')
  }
}

const fromRow = ({ id, kind, payload, received_at, attempts }: InboxRow): InboxEntry => ({
  id,
  // Only kinds are written.
  kind: kind as InboxEntry['kind'],
  payload,
  receivedAt: received_at,
  attempts,
})

import type Sqlite from 'better-sqlite3'

interface Payload {
  readonly uid?: string
  readonly userCode?: string
  readonly grantId?: string
  readonly gty?: string
  readonly consumed?: number
}

/** What oidc-provider asks of a store. */
export interface Adapter {
  find(id: string): Promise<object | undefined>
  findByUid(uid: string): Promise<object | undefined>
  findByUserCode(code: string): Promise<object | undefined>
  /** @param expiresIn - seconds */
  upsert(id: string, payload: object, expiresIn?: number): Promise<void>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grant: string): Promise<void>
}

interface Stored {
  readonly payload: string
  readonly consumed: number | null
}

/**
 * What oidc-provider keeps, in one SQLite file: as durable as the site for the same act (docs/bench.md), and a transaction for each call, since its
 * interface knows no more of what belongs together.
 */
export class PeerStore {
  readonly #database: Sqlite.Database
  readonly #statements: ReturnType<typeof statements>
  #durable = false

  constructor(database: Sqlite.Database) {
    for (const pragma of [
      'journal_mode = wal',
      'synchronous = normal',
      'journal_size_limit = 67108864',
      'wal_autocheckpoint = 4000',
      'temp_store = memory',
    ])
      database.pragma(pragma)
    database.exec(SCHEMA)
    this.#database = database
    this.#statements = statements(database)
  }

  /** For the many records that are made before anything is measured. */
  batch<T>(work: () => Promise<T>): Promise<T> {
    this.#database.exec('begin')
    return work().finally(() => this.#database.exec('commit'))
  }

  /** The store of one model, as oidc-provider asks for it. */
  adapterFor(model: string): Adapter {
    const { find, findByUid, findByUserCode, upsert, consume, destroy, revoke } = this.#statements
    return {
      find: async (id: string) => recordOf(find.get(id, model)),
      findByUid: async (uid: string) => recordOf(findByUid.get(uid, model)),
      findByUserCode: async (code: string) => recordOf(findByUserCode.get(code, model)),
      upsert: async (id: string, payload: Payload, expiresIn?: number) => {
        const { uid = null, userCode = null, grantId = null } = payload
        this.#keep(isFirst(model, payload))
        upsert.run(id, model, JSON.stringify(payload), uid, userCode, grantId, secondsNow() + (expiresIn ?? 0))
      },
      consume: async (id: string) => {
        this.#keep(model === 'AuthorizationCode')
        consume.run(secondsNow(), id, model)
      },
      destroy: async (id: string) => {
        this.#keep(true)
        destroy.run(id, model)
      },
      revokeByGrantId: async (grant: string) => {
        this.#keep(true)
        revoke.run(grant)
      },
    }
  }

  /** Whether the next write goes through to the disk before it is answered. */
  #keep(durable: boolean): void {
    if (durable === this.#durable || this.#database.inTransaction) return
    this.#database.pragma(`synchronous = ${durable ? 'full' : 'normal'}`)
    this.#durable = durable
  }
}

/** Consent, and the refresh token that a code is redeemed for; the site writes rotations and an app's own tokens without waiting for the disk too. */
const isFirst = (model: string, { gty }: Payload): boolean =>
  model === 'Grant' || model === 'AuthorizationCode' || (model === 'RefreshToken' && gty === 'authorization_code')

function recordOf(row: unknown): object | undefined {
  if (row === undefined) return undefined
  const { payload, consumed } = row as Stored
  const record = JSON.parse(payload) as object
  return consumed === null ? record : { ...record, consumed }
}

const secondsNow = (): number => Math.floor(Date.now() / 1000)

const SCHEMA = `
  create table record (
    id text not null, model text not null, payload text not null, uid text, user_code text, grant_id text,
    expires integer not null, consumed integer, primary key (id, model)
  ) without rowid;
  create index record_uid on record (uid) where uid is not null;
  create index record_user_code on record (user_code) where user_code is not null;
  create index record_grant on record (grant_id) where grant_id is not null;
  create index record_expires on record (expires);
  create table account (id text not null primary key, name text not null) without rowid`

// A plus before each value, as in the site: without it SQLite plans the statement anew whenever it is given one.
function statements(database: Sqlite.Database) {
  return {
    // Primary key.
    find: database.prepare('select payload, consumed from record where id = +? and model = +?'),
    // Indexes of their own.
    findByUid: database.prepare('select payload, consumed from record where uid = +? and model = +?'),
    findByUserCode: database.prepare('select payload, consumed from record where user_code = +? and model = +?'),
    upsert: database.prepare(
      `insert into record (id, model, payload, uid, user_code, grant_id, expires) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (id, model) do update set payload = excluded.payload, expires = excluded.expires`,
    ),
    consume: database.prepare('update record set consumed = +? where id = +? and model = +?'),
    destroy: database.prepare('delete from record where id = +? and model = +?'),
    revoke: database.prepare('delete from record where grant_id = +?'),
  }
}

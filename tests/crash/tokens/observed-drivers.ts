import Sqlite from 'better-sqlite3'
import pg from 'pg'

/** A statement is about to be run; it is on its way to the server (PostgreSQL alone); it has been answered. */
export type Moment = 'before' | 'sent' | 'after'

/** The connection of the driver that runs it. */
export type Driver = Sqlite.Database | pg.Client

export type Watch = (moment: Moment, statement: string, driver: Driver) => void

/** Shows whatever this process asks its databases to `watch`, begin and commit included: as the drivers see it, whoever asked. */
export function observeDrivers(watch: Watch): void {
  observeSqlite(watch)
  observePostgres(watch)
}

type Call = (this: unknown, ...args: unknown[]) => unknown
type Calls = Record<string, Call>

function observeSqlite(watch: Watch): void {
  const connection = Sqlite.prototype as unknown as Calls
  wrap(connection, 'exec', (run, self, [sql]) => watched(watch, String(sql), self as Sqlite.Database, run))
  let seen = false
  wrap(connection, 'prepare', (prepare) => {
    const statement = prepare()
    // All statements have one prototype, which can be had from a statement alone.
    if (!seen) observeStatements(Object.getPrototypeOf(statement) as Calls, watch)
    seen = true
    return statement
  })
}

function observeStatements(statements: Calls, watch: Watch): void {
  for (const name of ['run', 'get', 'all'])
    wrap(statements, name, (run, self) => {
      const { source, database } = self as Sqlite.Statement
      return watched(watch, source, database, run)
    })
}

function watched(watch: Watch, statement: string, driver: Driver, run: () => unknown): unknown {
  watch('before', statement, driver)
  const result = run()
  watch('after', statement, driver)
  return result
}

function observePostgres(watch: Watch): void {
  wrap(pg.Client.prototype as unknown as Calls, 'query', (query, self, [asked]) => {
    const [statement, driver] = [textOf(asked), self as pg.Client]
    watch('before', statement, driver)
    const answer = Promise.resolve(query())
    watch('sent', statement, driver)
    return answer.finally(() => watch('after', statement, driver))
  })
}

const textOf = (asked: unknown): string => (typeof asked === 'string' ? asked : (asked as { readonly text: string }).text)

function wrap(of: Calls, name: string, around: (run: () => unknown, self: unknown, args: readonly unknown[]) => unknown): void {
  const own = of[name]!
  of[name] = function (this: unknown, ...args: unknown[]): unknown {
    return around(() => own.apply(this, args), this, args)
  }
}

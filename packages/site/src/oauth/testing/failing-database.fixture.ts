import type { Connection, Database } from '@annex/database'
import type { KyselyPlugin, RootOperationNode } from 'kysely'

/** Sees each statement before it runs. */
type Watch = (node: RootOperationNode) => void

/** The database, with every statement of it shown to `watch` first; what that throws stands in the statement's place. */
export function watched(database: Database, watch: Watch): Database {
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      watch(node)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const seen = (connection: Connection): Connection => connection.withPlugin(plugin)
  return {
    engine: database.engine,
    place: database.place,
    connection: seen(database.connection),
    transaction: (work, options) => database.transaction((connection) => work(seen(connection)), options),
    snapshot: (work) => database.snapshot((connection) => work(seen(connection))),
    close: () => database.close(),
  }
}

/** What a process that is killed never says. */
export class Killed extends Error {}

/** A database whose process is killed at its statement of this number, counted from 0; `count` tells how many there were. */
export function killedAt(database: Database, statement: number): { readonly database: Database; count(): number } {
  let count = 0
  const failing = watched(database, () => {
    count += 1
    if (count > statement) throw new Killed()
  })
  return { database: failing, count: () => count }
}

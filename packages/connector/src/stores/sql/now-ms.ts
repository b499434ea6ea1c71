import type { Database } from '@annex/database'
import { tablesOf } from './tables.ts'

/**
 * The database's own time in milliseconds since 1970, and so much more: the clocks of the app's machines may be minutes apart.
 * On PostgreSQL the time of the statement, not that of its transaction's begin.
 */
export const nowMs = ({ connection, engine }: Pick<Database, 'connection' | 'engine'>, plusMs = 0) =>
  tablesOf(connection).selectNoFrom((build) => {
    const seconds =
      engine === 'sqlite'
        ? build.fn<number>('unixepoch', [build.val('subsec')])
        : build.fn<number>('date_part', [build.val('epoch'), build.fn('clock_timestamp')])
    return build(build.cast<number>(build(seconds, '*', 1000), 'bigint'), '+', plusMs).as('now')
  })

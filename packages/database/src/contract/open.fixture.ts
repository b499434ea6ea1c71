import { afterAll, beforeAll } from 'vitest'
import { temporaryDatabase, type Engine, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import type { Database } from '../database.ts'
import { databaseMigrations } from '../database-migrations.ts'
import { dialectOf } from '../dialect-of.ts'
import type { Dialect } from '../dialect.ts'
import { migrate } from '../migrate.ts'
import { openDatabase, type OpenOptions } from '../open-database.ts'

export interface Opened {
  readonly url: string
  readonly database: Database
  readonly dialect: Dialect
  /** One more connection to the same database, closed with it. */
  again(options?: OpenOptions): Promise<Database>
}

/** Opens a database of the suite's own, with what the dialect needs in it, before its tests and removes it after them. */
export function openedFor(engine: Engine): Opened {
  let place: TemporaryDatabase
  const open: Database[] = []
  const again = async (options?: OpenOptions): Promise<Database> => {
    const database = await openDatabase(place.url, options)
    open.push(database)
    return database
  }
  beforeAll(async () => {
    place = await temporaryDatabase(engine)
    await migrate(await again(), databaseMigrations)
  })
  afterAll(async () => {
    await Promise.all(open.map((database) => database.close()))
    await place.remove()
  })
  return {
    again,
    dialect: dialectOf(engine),
    get url() {
      return place.url
    },
    get database() {
      return open[0]!
    },
  }
}

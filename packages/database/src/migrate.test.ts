import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../tests/support/databases.ts'
import type { Database } from './database.ts'
import { dialectOf } from './dialect-of.ts'
import { migrate, type Migration } from './migrate.ts'
import { openDatabase } from './open-database.ts'

const creating = (name: string): Migration => ({
  name,
  up: async (connection) => void (await sql`create table ${sql.table(name)} (name text)`.execute(connection)),
})
const failing: Migration = {
  name: 'bad',
  async up(connection) {
    await creating('half').up(connection, dialectOf('sqlite'))
    throw new Error('the disk is on fire')
  },
}

describe.each(engines)('migrate on %s', (engine) => {
  const open: Database[] = []
  let place: TemporaryDatabase

  async function another(): Promise<Database> {
    const database = await openDatabase(place.url)
    open.push(database)
    return database
  }

  beforeEach(async () => void (place = await temporaryDatabase(engine)))
  afterEach(async () => {
    await Promise.all(open.splice(0).map((database) => database.close()))
    await place.remove()
  })

  it('runs each step once, in order, and only those that are new', async () => {
    const database = await another()
    expect(await migrate(database, [creating('a'), creating('b')])).toEqual(['a', 'b'])
    expect(await migrate(database, [creating('a'), creating('b'), creating('c')])).toEqual(['c'])
    expect(await migrate(database, [creating('c')])).toEqual([])
  })

  it('undoes a step that fails, keeps those before it, and names it', async () => {
    const database = await another()
    await expect(migrate(database, [creating('a'), failing, creating('c')])).rejects.toThrow(
      'Migration bad failed and was undone: the disk is on fire',
    )
    const dialect = dialectOf(engine)
    expect(await dialect.tableExists(database.connection, 'a')).toBe(true)
    expect(await dialect.tableExists(database.connection, 'half')).toBe(false)
    expect(await dialect.tableExists(database.connection, 'c')).toBe(false)
    expect(await migrate(database, [creating('a'), creating('c')])).toEqual(['c'])
  })

  it('lets one of several that start at once run each step', async () => {
    const databases = await Promise.all([another(), another(), another()])
    const steps = ['a', 'b', 'c', 'd'].map(creating)
    const ran = await Promise.all(databases.map((database) => migrate(database, steps)))
    expect(ran.flat().toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })
})

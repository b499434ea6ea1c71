import { describe, expect, it } from 'vitest'
import { engines } from '../../../tests/support/databases.ts'
import { openedFor } from './contract/open.fixture.ts'
import { Generation } from './generation.ts'

describe.each(engines)('Generation on %s', (engine) => {
  const opened = openedFor(engine)

  it('rises with the transaction that bumps it, and not when that is undone', async () => {
    const { database } = opened
    const generation = new Generation(database)
    const before = await generation.read()
    await database.transaction((connection) => generation.bump(connection))
    expect(await generation.read()).toBe(before + 1)
    const undone = database.transaction(async (connection) => {
      await generation.bump(connection)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await generation.read()).toBe(before + 1)
  })

  it('is selected along in any query', async () => {
    const tables = opened.database.connection.withTables<{ migration: { name: string } }>()
    const row = await tables
      .selectFrom('migration')
      .select(['name', Generation.expression.as('generation')])
      .executeTakeFirstOrThrow()
    expect(row.generation).toBe(await new Generation(opened.database).read())
  })

  it('makes every listener reload, one after the other, when it differs, and only then', async () => {
    const generation = new Generation(opened.database)
    const heard: string[] = []
    generation.onChange(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      heard.push('first')
    })
    generation.onChange(async () => void heard.push('second'))
    await generation.observe(7)
    expect(heard).toEqual(['first', 'second'])
    await generation.observe(7)
    expect(heard).toHaveLength(2)
    await generation.observe(8)
    expect(heard).toHaveLength(4)
  })

  it('says whether a number was seen already, and not while it is being loaded', async () => {
    const generation = new Generation(opened.database)
    expect(generation.isSeen(7)).toBe(false)
    const observing = generation.observe(7)
    expect(generation.isSeen(7)).toBe(false)
    await observing
    expect([generation.isSeen(7), generation.isSeen(8)]).toEqual([true, false])
    const another = generation.observe(8)
    expect(generation.isSeen(7)).toBe(false)
    await another
  })

  it('lets all who come during a reload wait for the same one', async () => {
    const generation = new Generation(opened.database)
    let reloads = 0
    let finish = (): void => {}
    generation.onChange(() => {
      reloads += 1
      return new Promise((resolve) => (finish = resolve))
    })
    let answered = 0
    const callers = [1, 2, 3].map(() => generation.observe(7).then(() => (answered += 1)))
    await new Promise((resolve) => setImmediate(resolve))
    expect([reloads, answered]).toEqual([1, 0])
    finish()
    await Promise.all(callers)
    expect([reloads, answered]).toEqual([1, 3])
  })

  it('reloads again for a change that came during a reload', async () => {
    const generation = new Generation(opened.database)
    const finish: (() => void)[] = []
    generation.onChange(() => new Promise((resolve) => finish.push(resolve)))
    const callers = Promise.all([generation.observe(7), generation.observe(8), generation.observe(8)])
    for (const round of [0, 1]) {
      while (finish.length <= round) await new Promise((resolve) => setImmediate(resolve))
      finish[round]?.()
    }
    await callers
    expect(finish).toHaveLength(2)
  })

  it('tries again after a listener failed, and tells whoever waited', async () => {
    const generation = new Generation(opened.database)
    let failures = 1
    generation.onChange(async () => {
      if (failures-- > 0) throw new Error('cannot reload')
    })
    await expect(generation.observe(7)).rejects.toThrow('cannot reload')
    await generation.observe(7)
    expect(failures).toBe(-1)
  })

  it('does not hold anybody up when nobody listens', async () => {
    const generation = new Generation(opened.database)
    await generation.observe(7)
    await generation.observe(8)
  })
})

import fc from 'fast-check'
import { sql, type RawBuilder } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../tests/support/databases.ts'
import { canonicalDecimal } from '../values/decimal.ts'
import { foldText } from '../values/fold.ts'
import { BadValue } from '../values/bad-value.ts'
import { openedFor } from './open.fixture.ts'

export function dialectContract(engine: Engine): void {
  describe(`the dialect of ${engine}`, () => {
    const opened = openedFor(engine)
    const evaluate = async (expression: RawBuilder<unknown>): Promise<unknown> =>
      (await sql<{ value: unknown }>`select ${expression} as value`.execute(opened.database.connection)).rows[0]?.value
    const text = (value: string | null): RawBuilder<unknown> => sql`cast(${value} as text)`

    beforeAll(async () => {
      const { dialect, database } = opened
      await sql
        .raw(`create table word (word ${dialect.columnType('text')}, price ${dialect.columnType('decimal')})`)
        .execute(database.connection)
    })

    async function fill(column: 'word' | 'price', values: readonly unknown[]): Promise<void> {
      await sql`delete from word`.execute(opened.database.connection)
      for (const value of values) await sql`insert into word (${sql.ref(column)}) values (${value})`.execute(opened.database.connection)
    }

    it('orders text by code points, nulls first ascending and last descending', async () => {
      await fill('word', ['b', 'Z', null, 'ä', '\u{FFFD}', '', '😀', 'a', '10', '9'])
      const ordered = async (descending: boolean): Promise<unknown[]> => {
        const order = opened.dialect.order(sql.ref('word'), descending)
        return (await sql<{ word: unknown }>`select word from word order by ${order}`.execute(opened.database.connection)).rows.map(
          (row) => row.word,
        )
      }
      const ascending = [null, '', '10', '9', 'Z', 'a', 'b', 'ä', '\u{FFFD}', '😀']
      expect(await ordered(false)).toEqual(ascending)
      expect(await ordered(true)).toEqual(ascending.toReversed())
    })

    // Letters of younger Unicode versions than the server's ICU knows are left as they are.
    it('folds every letter of the scripts in use as foldText does', async () => {
      for (const [first, last] of [
        [0x01, 0x1c88],
        [0x1e00, 0x2c2e],
        [0xa640, 0xa7b0],
        [0xff00, 0xfffd],
        [0x10400, 0x1044f],
      ] as const) {
        for (let start = first; start <= last; start += 1024) {
          const letters = Array.from({ length: Math.min(1024, last - start + 1) }, (_, index) => String.fromCodePoint(start + index)).join(
            ' ',
          )
          expect(await evaluate(opened.dialect.fold(text(letters)))).toBe(foldText(letters))
        }
      }
    })

    it('folds words whose letters depend on their neighbours', async () => {
      for (const word of ['ΟΔΟΣ', 'ΟΔΟΣ ΑΣ', 'ΑΣ.Β', 'İSTANBUL', 'STRAẞE', 'Ǆ'])
        expect(await evaluate(opened.dialect.fold(text(word)))).toBe(foldText(word))
      expect(foldText('ΟΔΟΣ')).toBe('οδοσ')
      expect(await evaluate(opened.dialect.fold(text(null)))).toBeNull()
    })

    it.each([
      ['Müller GmbH', 'mÜLLER%', true],
      ['Müller GmbH', '%gmbh', true],
      ['Müller GmbH', 'm_ller%', true],
      ['Müller GmbH', 'Müller', false],
      ['ΟΔΟΣ ΑΣ', '%οδος%', true],
      [String.raw`a\b`, String.raw`A\B`, true],
      [String.raw`a\b`, String.raw`a\\b`, false],
      [String.raw`100\%`, String.raw`100\%`, true],
      ['100%', String.raw`100\%`, false],
      ['', '%', true],
      ['', '', true],
    ])('says of %j like %j: %s', async (value, pattern, expected) => {
      const { dialect } = opened
      expect(await evaluate(dialect.like(text(value), pattern))).toBe(expected ? 1 : 0)
      expect(await evaluate(dialect.like(text(value), pattern, true))).toBe(expected ? 0 : 1)
    })

    it('leaves null out of like and not like', async () => {
      expect(await evaluate(opened.dialect.like(text(null), '%'))).toBeNull()
      expect(await evaluate(opened.dialect.like(text(null), '%', true))).toBeNull()
    })

    it('searches numbers as they are written', async () => {
      const { dialect, database } = opened
      await fill('price', [12.5, 0.000000001, 100])
      const found = async (pattern: string): Promise<unknown[]> =>
        (
          await sql<{ price: number }>`select price from word where ${dialect.like(sql.ref('price'), pattern)} order by price`.execute(
            database.connection,
          )
        ).rows.map((row) => row.price)
      expect(await found('12.5')).toEqual([12.5])
      expect(await found('100')).toEqual([100])
      expect(await found('0.00000000_')).toEqual([1e-9])
    })

    it('refuses a pattern that would never end', () => {
      expect(() => opened.dialect.like(text('a'), '%a'.repeat(6000))).toThrow(BadValue)
    })

    it('adds up and averages money to nine places, as whole billionths do', async () => {
      const { dialect, database } = opened
      const column = sql.ref('price')
      const totals = async (): Promise<unknown> =>
        (await sql`select ${dialect.sum(column)} as total, ${dialect.average(column)} as mean from word`.execute(database.connection))
          .rows[0]
      await fill('price', [null, null])
      expect(await totals()).toEqual({ total: null, mean: null })
      await fill('price', [0.1, 0.2, null])
      expect(await totals()).toEqual({ total: 0.3, mean: 0.15 })
      await fill('price', [1e-9, 0])
      expect(await totals()).toEqual({ total: 1e-9, mean: 1e-9 })
      await fill('price', [-1e-9, 0, 0])
      expect(await totals()).toEqual({ total: -1e-9, mean: 0 })
      await fill(
        'price',
        Array.from({ length: 30 }, () => 999_999.999999999),
      )
      expect(await totals()).toEqual({ total: 29_999_999.99999997, mean: 999_999.999999999 })
      await fill('price', [999_999_999_999.9, 0.1, -1e-9])
      expect(await totals()).toEqual({ total: Number('999999999999.999999999'), mean: Number('333333333333.333333333') })
      const billionths = fc.array(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }), { minLength: 1, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(billionths, async (numbers) => {
          await fill(
            'price',
            numbers.map((number) => Number(canonicalDecimal(Number(number) / 1e9))),
          )
          const sum = numbers.reduce((total, number) => total + number, 0n)
          expect(await totals()).toEqual({ total: Number(sum) / 1e9, mean: Number(roundedMean(sum, BigInt(numbers.length))) / 1e9 })
        }),
        { numRuns: 40 },
      )
    })

    it('knows its tables and their columns', async () => {
      const { dialect, database } = opened
      expect(await dialect.tableExists(database.connection, 'word')).toBe(true)
      expect(await dialect.tableExists(database.connection, 'wor')).toBe(false)
      expect(await dialect.columnsOf(database.connection, 'word')).toEqual(['word', 'price'])
      expect(await dialect.columnsOf(database.connection, 'nowhere')).toEqual([])
    })

    it('makes indexes that serve an order in both directions, under long names too', async () => {
      const { dialect, database } = opened
      const table = `tab${'Long Name '.repeat(5)}Table`
      await sql
        .raw(`create table "${table}" (name ${dialect.columnType('key')} primary key, modified ${dialect.columnType('micros')})`)
        .execute(database.connection)
      await dialect.createIndex(table, ['modified', 'name']).execute(database.connection)
      await dialect.createIndex(table, ['modified', 'name']).execute(database.connection)
      for (const descending of [false, true]) {
        const order = sql`${dialect.order(sql.ref('modified'), descending)}, ${dialect.order(sql.ref('name'), descending)}`
        const plan = await database.transaction(async (connection) => {
          if (engine === 'postgres') await sql`set local enable_seqscan = off`.execute(connection)
          return sql`${sql.raw(engine === 'sqlite' ? 'explain query plan' : 'explain')} select name from ${sql.table(table)} order by ${order}`.execute(
            connection,
          )
        })
        expect(JSON.stringify(plan.rows)).toMatch(/index/i)
        expect(JSON.stringify(plan.rows)).not.toMatch(/sort|temp b-tree/i)
      }
    })

    it('reads a table along an index that is named, where its planner does not choose by what it knows of the rows', async () => {
      const { dialect, database } = opened
      const table = sql.table('walked')
      await sql.raw('create table walked (name text primary key, kind text, modified integer)').execute(database.connection)
      await sql.raw('create index walked_modified on walked (modified)').execute(database.connection)
      const along = dialect.along('walked_modified')
      expect(along === undefined).toBe(engine === 'postgres')
      if (!along) return
      const planOf = async (from: RawBuilder<unknown>): Promise<string> => {
        const query = sql`explain query plan select name from ${from} where t.kind = 'a' limit 5`
        return JSON.stringify((await query.execute(database.connection)).rows)
      }
      expect(await planOf(sql`${table} as t`)).not.toMatch(/walked_modified/)
      expect(await planOf(sql`${table} as t ${along}`)).toMatch(/SCAN t USING (COVERING )?INDEX walked_modified/)
    })
  })
}

function roundedMean(sum: bigint, count: bigint): bigint {
  const size = sum < 0n ? -sum : sum
  const rounded = size / count + (2n * (size % count) >= count ? 1n : 0n)
  return sum < 0n ? -rounded : rounded
}

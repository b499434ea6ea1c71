import { it } from 'vitest'
import { sql } from 'kysely'
import { PEOPLE, startWorld } from './documents.fixture.ts'
it('plan', async () => {
  const world = await startWorld('postgres')
  const d = world.documents
  const big = Array.from({ length: 10000 }, (_, i) => ({ item_code: `BIG-${i}`, item_name: `Thing ${i} ${['red','green','blue'][i % 3]}`, unit: 'Nos' }))
  for (let i = 0; i < 10000; i += 500) await d.insert(PEOPLE.admin, 'Stock Item', big.slice(i, i + 500))
  const show = async (q: string) => { const { rows } = await sql.raw<Record<string,string>>('explain analyze ' + q).execute(world.database.connection); console.log(q, '\n', rows.map((r) => r['QUERY PLAN']).join('\n')) }
  console.log((await sql.raw<any>(`select indexdef from pg_indexes where tablename='tabStock Item'`).execute(world.database.connection)).rows)
  console.log((await sql.raw<any>(`select extname from pg_extension`).execute(world.database.connection)).rows)
  for (let k = 0; k < 2; k++) {
  await show(`select t.name from "tabStock Item" as t order by t.modified desc, t.name limit 20`)
  await show(`select t.name from "tabStock Item" as t where t._search like '%zzz%' order by t.modified desc, t.name limit 20`)
  await show(`select t.name from "tabStock Item" as t where t._key >= 'big-99' and t._key < 'big-99z' order by t.modified desc, t.name limit 20`)
  await sql.raw('analyze').execute(world.database.connection)
  }
  await world.close()
})

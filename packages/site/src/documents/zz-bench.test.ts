import { it } from 'vitest'
import { PEOPLE, startWorld } from './documents.fixture.ts'
it.each(['sqlite', 'postgres'] as const)('bench %s', async (engine) => {
  const world = await startWorld(engine)
  const who = PEOPLE.lead
  const time = async (name: string, n: number, act: (i: number) => Promise<unknown>) => {
    for (let i = 0; i < n / 2; i++) await act(i)
    const t = process.hrtime.bigint()
    for (let i = 0; i < n; i++) await act(i)
    console.log(engine, name, (Number(process.hrtime.bigint() - t) / 1000 / n).toFixed(1), 'µs')
  }
  const d = world.documents
  const N = engine === 'sqlite' ? 5000 : 1000
  await time('read item', N, (i) => d.read(who, { doctype: 'Stock Item', name: `ITEM-0${10 + (i % 15)}` }))
  await time('read quote', N, () => d.read(who, { doctype: 'Quote', name: 'QTN-00001' }))
  await time('list 20 names', N, () => d.list(who, { doctype: 'Stock Item', limit: 20 }))
  await time('list 20 x6', N, () => d.list(who, { doctype: 'Stock Item', limit: 20, fields: ['name', 'item_name', 'rate', 'modified', 'item_group', 'stock_qty'] }))
  await time('list filter', N, () => d.list(who, { doctype: 'Stock Item', limit: 20, fields: ['name', 'item_name'], filters: [{ fieldname: 'item_group', operator: '=', value: 'Services' }], orderBy: 'name asc' }))
  await time('search', N, () => d.searchLink(who, { doctype: 'Stock Item', text: 'Gear', limit: 10 }))
  await time('count', N, () => d.count(who, { doctype: 'Stock Item' }))
  await time('insert', 300, (i) => d.insert(who, 'Client', [{ client_name: `bench ${Math.random()} ${i}` }]))
  await time('update', 300, (i) => d.update(who, { doctype: 'Client', name: 'Acme', values: { region: `r${i}` } }))
  const big = Array.from({ length: 10000 }, (_, i) => ({ item_code: `BIG-${i}`, item_name: `Thing ${i} ${['red','green','blue'][i % 3]}`, unit: 'Nos' }))
  for (let i = 0; i < 10000; i += 500) await d.insert(PEOPLE.admin, 'Stock Item', big.slice(i, i + 500))
  for (const text of ['BIG-', 'big-99', 'thing 123', 'green', 'gr', 'b', 'zzz', 'ear', '']) await time(`search 10k "${text}"`, 100, () => d.searchLink(who, { doctype: 'Stock Item', text, limit: 10 }))
  await time('list 20 of 10k', 500, () => d.list(who, { doctype: 'Stock Item', limit: 20 }))
  await world.close()
})

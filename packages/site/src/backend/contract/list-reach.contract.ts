import { describe, expect, it } from 'vitest'
import { names, opened, refused, verbsOf, type World } from './verbs.fixture.ts'

export function listReachContract(name: string, make: () => Promise<World>): void {
  describe(`${name}: a list of groups, rows and links`, () => {
    const { list, count } = verbsOf(opened(make))

    it('counts by groups', async () => {
      const rows = await list('lead', 'Stock Item', {
        fields: ['item_group', 'count(name) as n'],
        groupBy: 'item_group',
        orderBy: 'item_group asc',
      })
      expect(rows).toEqual([
        { item_group: 'Products', n: 15 },
        { item_group: 'Raw Material', n: 5 },
        { item_group: 'Services', n: 5 },
      ])
      expect(
        await list('lead', 'Stock Item', {
          fields: ['item_group', 'count(name) as n'],
          groupBy: 'item_group',
          orderBy: 'n desc',
          limit: 1,
        }),
      ).toEqual([{ item_group: 'Products', n: 15 }])
    })

    it('is ordered by aggregates, whether they are shown or not', async () => {
      const groups = async (orderBy: string): Promise<unknown[]> => {
        const rows = await list('lead', 'Stock Item', {
          fields: ['item_group', 'count(name)'],
          groupBy: '`tabStock Item`.`item_group`',
          orderBy,
        })
        return rows.map((row) => `${String(row['item_group'])} ${String(row['count(name)'])}`)
      }
      const byCount = ['Products 15', 'Services 5', 'Raw Material 5']
      expect(await groups('count(name) desc, item_group desc')).toEqual(byCount)
      expect(await groups('COUNT(`tabStock Item`.`name`) DESC, max(rate) desc')).toEqual(byCount)
      expect(await groups('sum(rate)')).toEqual(['Raw Material 5', 'Services 5', 'Products 15'])
      expect(await list('lead', 'Stock Item', { fields: ['unit'], orderBy: 'count(name)' })).toEqual([{ unit: 'Hour' }])
    })

    it('is ordered by an alias that no field has', async () => {
      const fields = ['name', 'stock_qty as `How many`', 'unit.unit_name as u']
      const request = { fields, orderBy: '`How many` desc', limit: 1 }
      expect(await list('lead', 'Stock Item', request)).toEqual([{ name: 'ITEM-025', 'How many': 48, u: 'Hour' }])
      expect(names(await list('lead', 'Stock Item', { fields, orderBy: 'u desc, name desc', limit: 1 }))).toEqual(['ITEM-024'])
    })

    it('groups by fields of rows and behind links', async () => {
      const counted = { fields: ['lines.item', 'sum(lines.qty) as qty'], groupBy: '`tabQuote Line`.`item`', orderBy: 'qty desc' }
      expect(await list('lead', 'Quote', counted)).toEqual([
        { item: 'ITEM-002', qty: 3 },
        { item: 'ITEM-001', qty: 2 },
        { item: 'ITEM-003', qty: 1 },
      ])
      const regions = { fields: ['client.region', 'count(name) as n'], groupBy: 'client.region', orderBy: 'region desc' }
      expect(await list('lead', 'Quote', regions)).toEqual([
        { region: 'South', n: 1 },
        { region: 'North', n: 1 },
      ])
    })

    it('adds up money exactly', async () => {
      expect(
        await list('lead', 'Quote', { fields: ['sum(total) as total', 'avg(total)', 'min(total) as least', 'max(name) as last'] }),
      ).toEqual([{ total: 0.3, 'avg(total)': 0.15, least: 0.1, last: 'QTN-00002' }])
      expect(
        await list('lead', 'Stock Item', { fields: ['sum(stock_qty) as qty', 'sum(reorder_level)', 'max(creation) as last'] }),
      ).toMatchObject([{ qty: 600, 'sum(reorder_level)': 300, last: expect.stringContaining('.') as string }])
      expect(await list('lead', 'Quote', { fields: ['sum(total) as total'], where: { name: 'NOPE' } })).toEqual([{ total: null }])
    })

    it('shows values that differ once', async () => {
      expect(await list('lead', 'Stock Item', { fields: ['distinct unit'] })).toEqual([{ unit: 'Hour' }, { unit: 'Nos' }])
      expect(await list('lead', 'Stock Item', { fields: ['unit'], distinct: true, orderBy: 'rate desc' })).toHaveLength(2)
      expect(await list('lead', 'Stock Item', { fields: ['count(distinct unit) as units'] })).toEqual([{ units: 2 }])
    })

    it('groups by a field and shows others of the group', async () => {
      expect(await list('lead', 'Stock Item', { fields: ['unit', 'name'], groupBy: 'unit', orderBy: 'unit desc' })).toEqual([
        { unit: 'Nos', name: 'ITEM-001' },
        { unit: 'Hour', name: 'ITEM-005' },
      ])
    })

    it('reaches into child rows', async () => {
      const rows = [
        { name: 'QTN-00001', item: 'ITEM-001', qty: 2 },
        { name: 'QTN-00001', item: 'ITEM-002', qty: 3 },
      ]
      const where = { name: 'QTN-00001' }
      expect(
        await list('lead', 'Quote', {
          fields: ['name', '`tabQuote Line`.item', '`tabQuote Line`.`qty`'],
          where,
          orderBy: '`tabQuote Line`.idx asc',
        }),
      ).toEqual(rows)
      expect(await list('lead', 'Quote', { fields: ['name', 'lines.item', 'lines.qty'], where })).toEqual(rows)
      expect(names(await list('lead', 'Quote', { where: [['Quote Line', 'item', '=', 'ITEM-003']] }))).toEqual(['QTN-00002'])
      expect(names(await list('lead', 'Quote', { where: [['lines.qty', '>', 2]] }))).toEqual(['QTN-00001'])
      expect(names(await list('lead', 'Quote', { where: [['Quote Line', 'qty', '>', 0]], groupBy: 'name', orderBy: 'name' }))).toEqual([
        'QTN-00001',
        'QTN-00002',
      ])
      expect(await count('lead', 'Quote', [['Quote Line', 'qty', '>', 0]])).toBe(3)
    })

    it('keeps the levels of fields in child rows', async () => {
      expect(await list('admin', 'Quote', { fields: ['lines.margin'], where: { name: 'QTN-00001' } })).toEqual([
        { margin: 7 },
        { margin: 0 },
      ])
      expect(await list('lead', 'Quote', { fields: ['name', 'lines.margin'], where: { name: 'QTN-00002' } })).toEqual([
        { name: 'QTN-00002' },
      ])
      await expect(list('lead', 'Quote', { where: [['Quote Line', 'margin', '>', 1]] })).rejects.toEqual(refused('PermissionError', 403))
      await expect(list('lead', 'Quote', { where: [['Stock Item', 'rate', '>', 1]] })).rejects.toEqual(refused('DataError', 417))
    })

    it('lists child rows when their parent is named', async () => {
      const request = { fields: ['item', 'qty', 'margin', 'parent'], parent: 'Quote', orderBy: 'item', limit: 1 }
      expect(await list('lead', 'Quote Line', request)).toEqual([{ item: 'ITEM-001', qty: 2, parent: 'QTN-00001' }])
      await expect(list('lead', 'Quote Line', { parent: 'Stock Item' })).rejects.toEqual(refused('PermissionError', 403))
      await expect(list('nobody', 'Quote Line', { parent: 'Quote' })).rejects.toEqual(refused('PermissionError', 403))
    })

    it('reaches through links', async () => {
      expect(await list('lead', 'Quote', { fields: ['name', 'client.region', 'client.client_type as kind'], orderBy: 'name' })).toEqual([
        { name: 'QTN-00001', region: 'North', kind: 'Company' },
        { name: 'QTN-00002', region: 'South', kind: 'Company' },
      ])
      expect(names(await list('lead', 'Quote', { orderBy: 'client.region desc' }))).toEqual(['QTN-00002', 'QTN-00001'])
      expect(await list('lead', 'Quote', { fields: ['client.credit', 'name'], orderBy: 'name', limit: 1 })).toEqual([{ name: 'QTN-00001' }])
      await expect(list('lead', 'Quote', { where: [['client.credit', '>', 1]] })).rejects.toEqual(refused('PermissionError', 403))
    })

    it('counts all', async () => {
      expect(await count('lead', 'Stock Item')).toBe(25)
    })
  })
}

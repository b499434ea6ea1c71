import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Api } from '../../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../../../tests/support/site.ts'
import { undiciTransport } from '../../../adapters/undici-transport.ts'
import { UpstreamClient } from '../upstream-client.ts'

const LINE = {
  name: 'Trip Line',
  module: 'Trading',
  custom: 1,
  istable: 1,
  fields: [{ fieldname: 'item', fieldtype: 'Data', label: 'Item', in_list_view: 1 }],
}
const TRIP = {
  name: 'Trip',
  module: 'Trading',
  custom: 1,
  autoname: 'field:goal',
  is_submittable: 1,
  allow_rename: 1,
  fields: [
    { fieldname: 'goal', fieldtype: 'Data', label: 'Goal', reqd: 1, unique: 1 },
    { fieldname: 'days', fieldtype: 'Int', label: 'Days', allow_on_submit: 1 },
    { fieldname: 'note', fieldtype: 'Data', label: 'Note' },
    { fieldname: 'lines', fieldtype: 'Table', label: 'Lines', options: 'Trip Line' },
  ],
  permissions: [{ role: 'All', submit: 1, cancel: 1 }],
}
const OFFICE = {
  name: 'Office',
  module: 'Trading',
  custom: 1,
  issingle: 1,
  fields: [{ fieldname: 'desks', fieldtype: 'Int', label: 'Desks' }],
  permissions: [{ role: 'All' }],
}

describe.each(engines)('every verb at this project’s own site on %s', (engine) => {
  let site: RunningSite
  let key: string
  const transport = undiciTransport()
  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    for (const doctype of [LINE, TRIP, OFFICE]) await admin.insert('DocType', doctype)
    const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: 'Administrator' })
    const { api_key: id, api_secret: secret } = body['message'] as { api_key: string; api_secret: string }
    key = `${id}:${secret}`
  })
  afterAll(async () => {
    await transport.close()
    await site.close()
  })

  describe.each([
    [1, 'fetch'],
    [2, 'fetch'],
    [1, 'undici'],
  ] as const)('by version %i, over %s', (api, way) => {
    let client: UpstreamClient
    const name = (text: string): string => `${text} ${api} ${way}`
    beforeAll(() => {
      client = new UpstreamClient({ url: site.url, credentials: { apiKey: key }, api, ...(way === 'undici' ? { transport } : {}) })
    })

    test('documents', async () => {
      const made = await client.insert('Trip', { goal: name('A/B #1?'), days: 3, lines: [{ item: 'x' }, { item: 'y' }] })
      expect(await client.read('Trip', made.name)).toMatchObject({ goal: made.name, lines: [{ item: 'x' }, { item: 'y' }] })
      expect(await client.update('Trip', made.name, { days: 0, modified: made.modified })).toMatchObject({ days: 0 })
      await expect(client.update('Trip', made.name, { days: 1, modified: made.modified })).rejects.toMatchObject({
        excType: 'TimestampMismatchError',
      })
      expect(await client.setValue('Trip', made.name, { note: '', days: 0 })).toMatchObject({ days: 0 })
      expect(await client.rename('Trip', String(made.name), name('C%2FD'))).toBe(name('C%2FD'))
      expect(await client.exists('Trip', made.name)).toBe(false)
      expect(await client.readValue('Trip', name('C%2FD'), ['days'])).toEqual({ days: 0 })
      await client.remove('Trip', name('C%2FD'))
      await expect(client.read('Trip', name('C%2FD'))).rejects.toMatchObject({ excType: 'DoesNotExistError', status: 404 })
    })

    test('T6 submitted, cancelled', async () => {
      await client.insert('Trip', { goal: name('Submitted'), lines: [{ item: 'x' }] })
      expect((await client.submit('Trip', name('Submitted'))).docstatus).toBe(1)
      expect((await client.cancel('Trip', name('Submitted'))).docstatus).toBe(2)
    })

    test('many at once', async () => {
      const goals = Array.from({ length: 150 }, (_, index) => name(`Many ${String(index).padStart(3, '0')}`))
      expect(await client.insertMany(goals.map((goal) => ({ doctype: 'Trip', goal, days: 7 })))).toEqual(goals)
      const filters = [
        ['goal', 'in', goals],
        ['days', '=', 7],
      ]
      expect(await client.count('Trip', { filters })).toBe(150)
      expect(await client.list('Trip', { filters, limit: null, orderBy: 'goal asc' })).toEqual(goals.map((goal) => ({ name: goal })))
      const met: unknown[] = []
      for await (const row of client.each('Trip', { filters, limit: 40 })) met.push(row['name'])
      expect(met).toEqual(goals)
      expect(
        await client.updateMany([
          { doctype: 'Trip', docname: goals[0]!, days: 8 },
          { doctype: 'Trip', docname: name('nowhere'), days: 8 },
        ]),
      ).toEqual([{ doctype: 'Trip', docname: name('nowhere'), message: expect.stringContaining('not found') as string }])
      expect(await client.readLast('Trip', { filters })).toMatchObject({ days: 7 })
    })

    test('T1 a count of documents by their rows', async () => {
      await client.insert('Trip', { goal: name('Rows'), lines: [{ item: name('i') }, { item: name('i') }] })
      expect(await client.count('Trip', { filters: [['Trip Line', 'item', '=', name('i')]] })).toBe(1)
    })

    test('a Single, a link, people, zone, a DocType', async () => {
      await client.update('Office', 'Office', { desks: 5 })
      expect(await client.readSingle('Office')).toMatchObject({ desks: 5 })
      expect(await client.readSingleValue('Office', 'desks')).toBe(5)
      await client.insert('Trip', { goal: name('Link'), days: 2 })
      expect(await client.validateLink('Trip', name('Link'), ['days'])).toEqual({ name: name('Link'), days: 2 })
      expect(await client.validateLink('Trip', 'nowhere')).toBeUndefined()
      expect(await client.searchLink('Trip', { text: name('Link') })).toMatchObject([{ value: name('Link') }])
      expect(await client.assign('Trip', name('Link'), ['Administrator'])).toEqual(['Administrator'])
      expect(await client.user()).toBe('Administrator')
      expect(await client.timeZone()).toBe('UTC')
      await expect(client.setDefault('company', 'Acme')).resolves.toBeUndefined()
      expect((await client.doctype('Trip')).rows.map((row) => row.name)).toEqual(['Trip Line'])
    })

    test('files', async () => {
      await client.insert('Trip', { goal: name('File') })
      const bytes = Uint8Array.from({ length: 3000 }, (_, index) => index % 256)
      const attachTo = { doctype: 'Trip', name: name('File') }
      const file = await client.upload(new Blob([bytes]), { name: `ü & #${api} ${way}.bin`, attachTo })
      expect(file).toMatchObject({ is_private: 1, attached_to_doctype: 'Trip', attached_to_name: name('File') })
      expect(new Uint8Array(await (await client.download(String(file['file_url']))).arrayBuffer())).toEqual(bytes)
    })

    test('T5 refusals', async () => {
      await expect(client.insert('Trip', { days: 1 })).rejects.toMatchObject({
        excType: 'ValidationError',
        status: 417,
        message: expect.stringContaining('Goal') as string,
      })
      await expect(client.insert('Trip', { goal: name('Rows') })).rejects.toMatchObject({ status: 409 })
      await expect(client.list('Nowhere')).rejects.toMatchObject({ status: 404 })
      await expect(client.call('app.nowhere')).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    })
  })
})

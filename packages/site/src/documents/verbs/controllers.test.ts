import type { Document } from '@annex/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { fillWorld } from '../../backend/contract/world.fixture.ts'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../documents.fixture.ts'
import type { DocumentEvent } from '../premises.ts'

describe.each(engines)('Controllers and listeners on %s', (engine) => {
  let site: TestDocuments
  let heard: string[] = []
  let fail: string | undefined
  const note =
    (step: string) =>
    async (change: Change): Promise<void> => {
      heard.push(`${step} ${change.document.name}${change.previous ? ' again' : ''}`)
      if (fail === step) throw new Error(step)
    }
  const client: Controller = {
    beforeInsert: async (change) => {
      change.document['region'] = [change.sent['hidden'], change.document['region']].join('')
      await note('beforeInsert')(change)
    },
    afterInsert: async (change) => {
      change.reply['secret'] = 'shown once'
      await note('afterInsert')(change)
    },
    beforeUpdate: note('beforeUpdate'),
    afterUpdate: note('afterUpdate'),
    beforeRemove: note('beforeRemove'),
    afterRemove: note('afterRemove'),
    afterCommit: async () => void heard.push('afterCommit'),
    shape: (document) => ({ ...document, email: document['email'] === null ? null : '***' }),
    ownRights: (user, name) => (name === user ? ['read', 'write'] : []),
  }
  const listener = async ({ act, document, previous }: DocumentEvent): Promise<void> => {
    if (document.doctype !== 'Client') return
    heard.push(`heard ${act} ${document.name}${previous ? ' again' : ''}`)
    if (fail === act) throw new Error(act)
  }
  const insert = (values: Record<string, unknown>): Promise<Document[]> => site.documents.insert(PEOPLE.lead, 'Client', [values])
  const isThere = (name: string): Promise<number> =>
    site.documents.count(PEOPLE.admin, { doctype: 'Client', filters: [{ fieldname: 'name', operator: '=', value: name }] })

  beforeAll(async () => {
    site = await startDocuments(engine, { controllers: { Client: client }, listeners: [listener] })
    await fillWorld(site.documents, PEOPLE.admin)
  })
  beforeEach(() => {
    heard = []
    fail = undefined
  })
  afterAll(() => site.close())

  it('take part in a change in order', async () => {
    await insert({ client_name: 'A', region: 'West' })
    await site.documents.update(PEOPLE.lead, { doctype: 'Client', name: 'A', values: { region: 'East' } })
    await site.documents.remove(PEOPLE.lead, { doctype: 'Client', name: 'A' })
    expect(heard).toEqual([
      'beforeInsert A',
      'afterInsert A',
      'heard insert A',
      'afterCommit',
      'beforeUpdate A again',
      'afterUpdate A again',
      'heard update A again',
      'afterCommit',
      'beforeRemove A again',
      'afterRemove A again',
      'heard remove A again',
      'afterCommit',
    ])
  })

  it('alter what is stored, see what no column has, and add to the answer this once', async () => {
    const [inserted] = await insert({ client_name: 'B', region: 'West', hidden: 'North-' })
    expect(inserted).toMatchObject({ region: 'North-West', secret: 'shown once' })
    const read = await site.documents.read(PEOPLE.lead, { doctype: 'Client', name: 'B' })
    expect(read).toMatchObject({ region: 'North-West' })
    expect(read).not.toHaveProperty('secret')
  })

  it('shape what readers get', async () => {
    const [inserted] = await insert({ client_name: 'C', email: 'c@example.com' })
    expect(inserted).toMatchObject({ email: '***' })
    expect(await site.documents.read(PEOPLE.lead, { doctype: 'Client', name: 'C' })).toMatchObject({ email: '***' })
  })

  it.each(['beforeInsert', 'afterInsert', 'insert'])('undo an insert when %s fails', async (step) => {
    fail = step
    await expect(insert({ client_name: 'D' })).rejects.toThrow(step)
    expect(await isThere('D')).toBe(0)
    expect(heard).not.toContain('afterCommit')
  })

  it.each(['afterRemove', 'remove'])('undo a removal when %s fails', async (step) => {
    await insert({ client_name: `E ${step}` })
    fail = step
    await expect(site.documents.remove(PEOPLE.lead, { doctype: 'Client', name: `E ${step}` })).rejects.toThrow(step)
    expect(await isThere(`E ${step}`)).toBe(1)
  })

  it('tell listeners what kind of change it is', async () => {
    await insert({ client_name: 'F' })
    await site.documents.rename(PEOPLE.lead, { doctype: 'Client', name: 'F' }, 'G')
    expect(heard.at(-1)).toBe('heard rename G again')
  })

  it('give rights on one’s own document, and on no other', async () => {
    const { user } = PEOPLE.nobody
    await insert({ client_name: user })
    await insert({ client_name: 'H' })
    expect(await site.documents.read(PEOPLE.nobody, { doctype: 'Client', name: user })).toMatchObject({ name: user })
    expect(
      await site.documents.update(PEOPLE.nobody, { doctype: 'Client', name: user, values: { region: 'Mine', credit: 7 } }),
    ).toMatchObject({ region: 'Mine' })
    expect(await site.documents.read(PEOPLE.admin, { doctype: 'Client', name: user })).toMatchObject({ credit: 100 })
    const denied = { excType: 'PermissionError' }
    await expect(site.documents.remove(PEOPLE.nobody, { doctype: 'Client', name: user })).rejects.toMatchObject(denied)
    await expect(site.documents.read(PEOPLE.nobody, { doctype: 'Client', name: 'H' })).rejects.toMatchObject(denied)
    await expect(site.documents.list(PEOPLE.nobody, { doctype: 'Client' })).rejects.toMatchObject(denied)
  })
})

describe('Documents without a table', () => {
  const token = (name: string): Document => ({
    name,
    owner: 'x',
    creation: '',
    modified: '',
    modified_by: 'x',
    docstatus: 0,
    idx: 0,
    user: 'alice',
    status: 'Active',
    doctype: 'OAuth Bearer Token',
  })
  const asked: unknown[] = []
  const controller: Controller = {
    virtual: {
      read: (name) => Promise.resolve(name === 'T1' ? token('T1') : undefined),
      list: (request) => Promise.resolve((asked.push(request), [token('T1'), token('T2')])),
      count: () => Promise.resolve(2),
    },
  }
  const manager = { ...PEOPLE.nobody, roles: new Set(['System Manager', 'All']) }
  const doctype = 'OAuth Bearer Token'
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments('sqlite', { controllers: { [doctype]: controller } })
  })
  afterAll(() => site.close())

  it('are read, listed by equal values and counted through their controller', async () => {
    expect(await site.documents.read(manager, { doctype, name: 'T1' })).toMatchObject({ name: 'T1', user: 'alice' })
    expect(
      await site.documents.list(manager, {
        doctype,
        fields: ['name', 'user as who'],
        filters: [{ fieldname: 'status', operator: '=', value: 'Active' }],
        start: 1,
        limit: 5,
      }),
    ).toEqual([
      { name: 'T1', who: 'alice' },
      { name: 'T2', who: 'alice' },
    ])
    expect(asked).toEqual([{ filters: { status: 'Active' }, start: 1, limit: 5 }])
    expect(await site.documents.count(manager, { doctype })).toBe(2)
  })

  it('are refused to others, and to filters that are more', async () => {
    await expect(site.documents.read(PEOPLE.nobody, { doctype, name: 'T1' })).rejects.toMatchObject({ status: 403 })
    await expect(site.documents.list(PEOPLE.nobody, { doctype })).rejects.toMatchObject({ status: 403 })
    await expect(site.documents.read(manager, { doctype, name: 'T9' })).rejects.toMatchObject({ status: 404 })
    await expect(
      site.documents.list(manager, { doctype, filters: [{ fieldname: 'user', operator: 'like', value: '%' }] }),
    ).rejects.toMatchObject({ status: 417 })
    await expect(
      site.documents.list(manager, { doctype, filters: [{ fieldname: 'nope', operator: '=', value: 1 }] }),
    ).rejects.toMatchObject({ status: 417 })
  })

  it.each(['insert', 'update', 'remove'] as const)('do not take an %s, of anyone', async (verb) => {
    const acts = {
      insert: () => site.documents.insert(PEOPLE.admin, doctype, [{}]),
      update: () => site.documents.update(PEOPLE.admin, { doctype, name: 'T1', values: {} }),
      remove: () => site.documents.remove(PEOPLE.admin, { doctype, name: 'T1' }),
    }
    await expect(acts[verb]()).rejects.toMatchObject({ status: 403 })
  })
})

import type { Document, Values } from '@annex/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { fillWorld } from '../backend/contract/world.fixture.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../documents/documents.fixture.ts'
import { readSecret } from '../documents/secrets/secrets.ts'
import { Hooks } from './hooks.ts'
import { Registrar } from './registrar.ts'
import { EVENT_NAMES, type DocumentEvent } from './site-hooks.ts'

type Handler = (event: DocumentEvent) => void | Promise<void>

describe.each(engines)('Events of site code on %s', (engine) => {
  let site: TestDocuments
  let heard: string[] = []
  /** What this test makes of an event. */
  let acts: Partial<Record<string, Handler>> = {}
  const insert = async (values: Values, doctype = 'Quote'): Promise<Document> => {
    const [inserted] = await site.documents.insert(PEOPLE.lead, doctype, [values])
    return inserted!
  }
  const update = (name: unknown, values: Values, doctype = 'Quote'): Promise<Document> =>
    site.documents.update(PEOPLE.lead, { doctype, name: String(name), values })
  const read = (name: unknown, doctype = 'Quote'): Promise<Document> => site.documents.read(PEOPLE.admin, { doctype, name: String(name) })
  const quote = { client: 'Acme', lines: [{ item: 'ITEM-001', qty: 2 }] }

  beforeAll(async () => {
    const registrar = new Registrar('/srv/hooks')
    for (const doctype of ['Quote', 'Client', 'House']) {
      for (const event of EVENT_NAMES) {
        registrar.siteFor('/srv/hooks/sales.ts').on(doctype, event, async (moment) => {
          heard.push(`${event} ${moment.document.name}${moment.previous ? ' again' : ''} by ${moment.user}`)
          await acts[`${event} ${doctype}`]?.(moment)
        })
      }
    }
    const hooks = new Hooks(registrar)
    const parts = { doctypeOf: (name: string) => site.doctypes.get(name), now: () => 0, zone: 'UTC', patience: 50 }
    const core = {
      beforeInsert: async () => void heard.push('the site’s own rule'),
      shape: (document: Document) => ({ ...document, email: '***' }),
    }
    const controllers = Object.fromEntries(hooks.around(new Map([['Client', core]]), parts))
    site = await startDocuments(engine, { controllers, listeners: [hooks.listener(parts)] })
    await fillWorld(site.documents, PEOPLE.admin)
  })
  beforeEach(() => {
    heard = []
    acts = {}
  })
  afterAll(() => site.close())
  const names = (): (string | undefined)[] => heard.map((line) => line.split(' ')[0])

  it('come in Frappe’s order, from the first insert to the removal', async () => {
    const { name } = await insert(quote)
    await update(name, { remarks: 'a' })
    await update(name, { docstatus: 1 })
    await update(name, { remarks: 'b' })
    await update(name, { docstatus: 2 })
    await site.documents.remove(PEOPLE.lead, { doctype: 'Quote', name: String(name) })
    expect(names().join(' ')).toBe(
      [
        'before_insert before_validate validate before_save after_insert on_update',
        'before_validate validate before_save on_update',
        'before_validate validate before_submit on_update on_submit',
        'before_update_after_submit on_update_after_submit',
        'before_cancel on_cancel',
        'on_trash after_delete',
      ].join(' '),
    )
    expect(heard[0]).toBe(`before_insert ${name} by lead@example.com`)
    expect(heard[6]).toBe(`before_validate ${name} again by lead@example.com`)
  })

  it('alter what is stored: fields, also above the writer’s level, and rows with all that a row has', async () => {
    acts['validate Quote'] = ({ document }) => {
      document['remarks'] = 'checked'
      ;(document['lines'] as unknown[]).push({ item: 'ITEM-002', qty: 3, margin: 7 })
    }
    const inserted = await insert(quote)
    expect(await read(inserted.name)).toMatchObject({
      remarks: 'checked',
      lines: [
        { item: 'ITEM-001', idx: 1 },
        { item: 'ITEM-002', item_name: 'Nut 2', margin: 7, idx: 2, parent: inserted.name, parentfield: 'lines', parenttype: 'Quote' },
      ],
    })
    expect((await read(inserted.name))['lines']).toHaveLength(2)
  })

  it('may put copies in the place of rows: a password that was sent with a row is the row’s, whatever object stands for it', async () => {
    const pin = { fieldname: 'pin', fieldtype: 'Password' }
    const shared = { module: 'Mail', custom: 1, autoname: 'hash' }
    await site.documents.insert(PEOPLE.admin, 'DocType', [
      { ...shared, name: 'Door', istable: 1, fields: [{ fieldname: 'place' }, pin], permissions: [] },
      {
        ...shared,
        name: 'House',
        fields: [{ fieldname: 'doors', fieldtype: 'Table', options: 'Door' }],
        permissions: [{ role: 'All' }],
      },
    ])
    const secretsOf = (house: Document): Promise<(string | undefined)[]> =>
      Promise.all(
        (house['doors'] as Document[]).map(({ name }) =>
          readSecret(site.documents.premises, site.database.connection, { doctype: 'Door', name: String(name), fieldname: 'pin' }),
        ),
      )
    const copy: Handler = ({ document }) => {
      const [first, ...others] = document['doors'] as Document[]
      document['doors'] = [...others.map((row) => ({ ...row })), structuredClone(first)]
    }
    acts['before_validate House'] = copy
    acts['validate House'] = copy
    acts['before_save House'] = ({ document }) => {
      document['doors'] = (document['doors'] as Document[]).map((row) =>
        row['place'] === 'c' ? { ...row, pin: 'of the code' } : { ...row },
      )
    }
    const doors = ['a', 'b', 'c'].map((place) => ({ place, pin: `of ${place}` }))
    const house = await insert({ doors }, 'House')
    expect(await secretsOf(house)).toEqual(['of the code', 'of a', 'of b'])
    const [c, a, b] = house['doors'] as Document[]
    const changed = await update(house.name, { doors: [{ ...a, pin: 'changed' }, b, c] }, 'House')
    expect((changed['doors'] as Document[]).map(({ place }) => place)).toEqual(['b', 'c', 'a'])
    expect(await secretsOf(changed)).toEqual(['of b', 'of the code', 'changed'])
  })

  it('run before the site’s own rules, which see what they made; and what those do besides stays', async () => {
    acts['before_insert Client'] = ({ document }) => void (document['region'] = 'South')
    expect(await insert({ client_name: 'Order' }, 'Client')).toMatchObject({ region: 'South', email: '***' })
    expect(names().indexOf('the')).toBe(names().indexOf('before_save') + 1)
  })

  it('hear of a rename, with both names', async () => {
    await insert({ client_name: 'Old' }, 'Client')
    let told: unknown
    acts['after_rename Client'] = ({ document, previous }) => void (told = [previous?.name, document.name])
    await site.documents.rename(PEOPLE.lead, { doctype: 'Client', name: 'Old' }, 'New')
    expect(told).toEqual(['Old', 'New'])
    acts['after_rename Client'] = ({ refuse }) => refuse('Keep it')
    await expect(site.documents.rename(PEOPLE.lead, { doctype: 'Client', name: 'New' }, 'Newer')).rejects.toThrow('Keep it')
    expect(await read('New', 'Client')).toMatchObject({ client_name: 'New' })
  })

  it.each(['before_insert', 'validate', 'after_insert', 'on_update'])('refuse in %s, which undoes the change', async (event) => {
    acts[`${event} Client`] = ({ refuse }) => refuse('Not today')
    await expect(insert({ client_name: `No ${event}` }, 'Client')).rejects.toMatchObject({
      excType: 'ValidationError',
      status: 417,
      message: 'Not today',
    })
    await expect(read(`No ${event}`, 'Client')).rejects.toMatchObject({ status: 404 })
  })

  it('refuse as the kind of error that they name', async () => {
    acts['validate Client'] = ({ refuse }) => refuse('Ask first', 'PermissionError')
    await expect(insert({ client_name: 'Kind' }, 'Client')).rejects.toMatchObject({ excType: 'PermissionError', status: 403 })
  })

  it('fail with their place when they throw anything else, which undoes the change', async () => {
    acts['on_update Client'] = () => {
      throw Object.assign(new TypeError('boom'), { statusCode: 404, status: 404 })
    }
    const failing = insert({ client_name: 'Fault' }, 'Client')
    await expect(failing).rejects.toThrow(/^hooks\/sales\.ts: on_update of Client: boom$/)
    await expect(failing).rejects.not.toHaveProperty('statusCode')
    await expect(read('Fault', 'Client')).rejects.toMatchObject({ status: 404 })
  })

  it('are given up when they do not end, which undoes the change and frees the writer', async () => {
    acts['after_insert Client'] = () => new Promise<void>(() => {})
    await expect(insert({ client_name: 'Forever' }, 'Client')).rejects.toThrow('has not ended within 0.05 s')
    acts = {}
    await insert({ client_name: 'Forever' }, 'Client')
  })

  it('cannot set what the site sets, nor break a table', async () => {
    acts['validate Quote'] = ({ document }) => void (document.owner = 'x@example.com')
    await expect(insert(quote)).rejects.toThrow('it sets owner')
    acts['validate Quote'] = ({ document }) => void (document['lines'] = ['x'])
    await expect(insert(quote)).rejects.toThrow('lines must be a list of rows')
    acts['validate Quote'] = ({ document }) => void (document['quote_date'] = 'soon')
    await expect(insert(quote)).rejects.toMatchObject({ excType: 'ValidationError' })
  })

  it('see a copy once it is written: what they set then is stored nowhere', async () => {
    acts['after_insert Client'] = ({ document }) => void (document['region'] = 'Moon')
    acts['validate Client'] = ({ previous }) => void (previous && Object.assign(previous, { region: 'Moon' }))
    const { name } = await insert({ client_name: 'Copy', region: 'East' }, 'Client')
    await update(name, { since: '2026-01-01' }, 'Client')
    expect(await read(name, 'Client')).toMatchObject({ region: 'East' })
  })
})

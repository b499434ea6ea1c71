import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document, Values } from '@annex/protocol'
import { engines } from '../../../../../tests/support/databases.ts'
import { readTables } from '../../../../../tests/support/stolen/stored.ts'
import type { Controller } from '../../doctypes/controller.ts'
import { purgeFormerColumns } from '../../doctypes/tables/former-columns.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { person, startDocuments, type TestDocuments } from '../documents.fixture.ts'
import type { DocumentEvent } from '../premises.ts'
import { readSecret } from './secrets.ts'

const STARS = '********'
const LEVELS = [
  { role: 'All', submit: 1, cancel: 1, amend: 1 },
  { role: 'All', permlevel: 1, read: 1, write: 0 },
]
const password = (fieldname: string, more: object = {}): object => ({ fieldname, fieldtype: 'Password', ...more })
const DOCTYPES = [
  { name: 'Line', istable: 1, autoname: 'hash', fields: [{ fieldname: 'place' }, password('pin')], permissions: [] },
  {
    name: 'Account',
    autoname: 'field:title',
    allow_rename: 1,
    track_changes: 1,
    is_submittable: 1,
    permissions: LEVELS,
    fields: [
      { fieldname: 'title' },
      { fieldname: 'plain' },
      password('pwd'),
      password('once', { set_only_once: 1 }),
      password('ruled', { read_only_depends_on: 'eval:doc.plain == "locked"' }),
      password('high', { permlevel: 1 }),
      password('short', { length: 4 }),
      password('copied', { fetch_from: 'link.plain', fetch_if_empty: 1 }),
      { fieldname: 'link', fieldtype: 'Link', options: 'Account' },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Line' },
    ],
  },
  { name: 'Mail Setting', issingle: 1, permissions: LEVELS, fields: [password('pwd')] },
]

/** As code of the site's own may. */
const writing: Controller = {
  beforeUpdate: async ({ document }) => {
    if (document['plain'] === 'set by code') document['pwd'] = 'secret of the code'
  },
}

describe.each(engines)('A Password field on %s', (engine) => {
  let site: TestDocuments
  const heard: DocumentEvent[] = []
  const ann = person('ann', [])
  beforeAll(async () => {
    const listeners = [async (event: DocumentEvent) => void heard.push(event)]
    site = await startDocuments(engine, { controllers: { Account: writing }, listeners })
    for (const values of DOCTYPES) await site.documents.insert(ADMINISTRATOR, 'DocType', [{ module: 'Mail', custom: 1, ...values }])
  })
  afterAll(() => site.close())

  const insert = async (title: string, values: Values = {}): Promise<Document> =>
    (await site.documents.insert(ADMINISTRATOR, 'Account', [{ title, ...values }]))[0]!
  const update = (name: string, values: Values, doctype = 'Account'): Promise<Document> =>
    site.documents.update(ADMINISTRATOR, { doctype, name, values })
  const secret = (name: string, fieldname = 'pwd', doctype = 'Account'): Promise<string | undefined> =>
    readSecret(site.documents.premises, site.database.connection, { doctype, name, fieldname })
  const lines = (document: Document): Document[] => document['lines'] as Document[]
  const everything = async (): Promise<string> => JSON.stringify([...(await readTables(site.url))])

  it('is shown and listed as eight asterisks, whatever its length', async () => {
    for (const [name, pwd] of [
      ['Short', 'x'],
      ['Long', 'a long and winding one'],
    ] as const) {
      expect(await insert(name, { pwd })).toMatchObject({ pwd: STARS, once: null })
      expect(await secret(name)).toBe(pwd)
    }
    expect(await site.documents.read(ann, { doctype: 'Account', name: 'Long' })).toMatchObject({ pwd: STARS })
    const listed = { doctype: 'Account', filters: [{ fieldname: 'name', operator: '=', value: 'Long' }] } as const
    for (const fields of [['*'], ['pwd'], ['max(pwd) as pwd']])
      expect(await site.documents.list(ann, { ...listed, fields })).toMatchObject([{ pwd: STARS }])
  })

  it('keeps its value when asterisks are written, takes another, and loses it when it is emptied', async () => {
    await insert('Kept', { pwd: 'the first' })
    for (const pwd of [STARS, '*', '*********']) expect(await update('Kept', { pwd, plain: pwd })).toMatchObject({ pwd: STARS, plain: pwd })
    expect(await secret('Kept')).toBe('the first')
    await update('Kept', { pwd: 'the second' })
    expect(await secret('Kept')).toBe('the second')
    for (const nothing of ['', null]) {
      await update('Kept', { pwd: 'again' })
      expect(await update('Kept', { pwd: nothing })).toMatchObject({ pwd: null })
      expect(await secret('Kept')).toBeUndefined()
    }
    expect(await update('Kept', { pwd: '***' })).toMatchObject({ pwd: null })
  })

  it('of a row follows the row', async () => {
    const [first, second] = lines(await insert('Rows', { lines: [{ pin: '1234' }, { place: 'b', pin: '5678' }] }))
    const pin = (row?: Document): Promise<string | undefined> => secret(String(row!.name), 'pin', 'Line')
    expect([first!['pin'], await pin(first), await pin(second)]).toEqual([STARS, '1234', '5678'])
    // A row that is sent stands for the whole row, but what nobody can read back is not emptied by leaving it out.
    await update('Rows', { lines: [{ name: first!.name }, { name: second!.name, pin: 'new' }, { pin: '***' }] })
    expect([await pin(first), await pin(second)]).toEqual(['1234', 'new'])
    await site.documents.update(ADMINISTRATOR, { doctype: 'Line', name: String(first!.name), values: { pin: 'by itself' } })
    expect(await pin(first)).toBe('by itself')
    await update('Rows', { lines: [{ name: second!.name, pin: '' }] })
    expect([await pin(first), await pin(second)]).toEqual([undefined, undefined])
  })

  it('follows its document to another name, and goes with it', async () => {
    const [row] = lines(await insert('Before', { pwd: 'travels', lines: [{ pin: 'stays' }] }))
    await site.documents.rename(ADMINISTRATOR, { doctype: 'Account', name: 'Before' }, 'After')
    expect([await secret('Before'), await secret('After'), await secret(String(row!.name), 'pin', 'Line')]).toEqual([
      undefined,
      'travels',
      'stays',
    ])
    await insert('Target', { pwd: 'of the target' })
    await site.documents.rename(ADMINISTRATOR, { doctype: 'Account', name: 'After' }, 'Target', { merge: true })
    expect([await secret('After'), await secret(String(row!.name), 'pin', 'Line'), await secret('Target')]).toEqual([
      undefined,
      undefined,
      'of the target',
    ])
    await site.documents.remove(ADMINISTRATOR, { doctype: 'Account', name: 'Target' })
    expect(await secret('Target')).toBeUndefined()
    expect(await insert('Target')).toMatchObject({ pwd: null })
  })

  it('is written with its document or not at all', async () => {
    await insert('Whole', { pwd: 'before' })
    await expect(update('Whole', { pwd: 'after', short: 'too long' })).rejects.toMatchObject({ excType: 'CharacterLengthExceededError' })
    await expect(update('Whole', { pwd: { a: 1 } })).rejects.toMatchObject({ status: 417 })
    expect(await secret('Whole')).toBe('before')
    await expect(insert('Whole', { pwd: 'of a namesake' })).rejects.toMatchObject({ status: 409 })
    expect(await secret('Whole')).toBe('before')
  })

  it('obeys the rules of its field, though what is shown is always the same', async () => {
    await insert('Ruled', { once: 'first', ruled: 'first', plain: 'locked', pwd: 'first' })
    await expect(update('Ruled', { once: 'second' })).rejects.toMatchObject({ excType: 'CannotChangeConstantError' })
    await expect(update('Ruled', { ruled: 'second' })).rejects.toMatchObject({ excType: 'CannotChangeConstantError' })
    await update('Ruled', { once: STARS, ruled: STARS })
    await update('Ruled', { docstatus: 1 })
    await expect(update('Ruled', { pwd: 'second' })).rejects.toMatchObject({ excType: 'UpdateAfterSubmitError' })
    expect([await secret('Ruled', 'once'), await secret('Ruled', 'ruled'), await secret('Ruled')]).toEqual(['first', 'first', 'first'])
  })

  it('above the writer’s level stays as it is', async () => {
    await insert('High', { high: 'from above' })
    await site.documents.update(ann, { doctype: 'Account', name: 'High', values: { high: 'from below', pwd: 'mine' } })
    expect([await secret('High', 'high'), await secret('High')]).toEqual(['from above', 'mine'])
  })

  it('may neither be filtered, sorted nor grouped by', async () => {
    const by = { doctype: 'Account', fields: ['name'] }
    for (const filter of [
      { fieldname: 'pwd', operator: '=', value: 'x' },
      { fieldname: 'pwd', operator: 'like', value: '%x%' },
      { fieldname: 'pwd', doctype: 'Account', operator: '>', value: 'x' },
      { fieldname: 'link.pwd', operator: '=', value: 'x' },
      { fieldname: 'pin', doctype: 'Line', operator: '=', value: 'x' },
    ] as const) {
      await expect(site.documents.list(ann, { ...by, filters: [filter] })).rejects.toMatchObject({ status: 403 })
      await expect(site.documents.list(ann, { ...by, orFilters: [filter] })).rejects.toMatchObject({ status: 403 })
    }
    await expect(site.documents.list(ann, { ...by, orderBy: 'pwd desc' })).rejects.toMatchObject({ status: 403 })
    await expect(site.documents.list(ann, { ...by, groupBy: 'pwd' })).rejects.toMatchObject({ status: 403 })
  })

  it('is hidden when the site’s own code sets it, or it is fetched from another field', async () => {
    await insert('Coded')
    expect(await update('Coded', { plain: 'set by code' })).toMatchObject({ pwd: STARS })
    expect(await secret('Coded')).toBe('secret of the code')
    expect(await insert('Fetching', { link: 'Coded' })).toMatchObject({ copied: STARS })
    expect(await secret('Fetching', 'copied')).toBe('set by code')
  })

  it('of a Single is kept like any other', async () => {
    expect(await update('Mail Setting', { pwd: 'of the one' }, 'Mail Setting')).toMatchObject({ pwd: STARS })
    expect(await secret('Mail Setting', 'pwd', 'Mail Setting')).toBe('of the one')
    await site.documents.remove(ADMINISTRATOR, { doctype: 'DocType', name: 'Mail Setting' })
    expect(await secret('Mail Setting', 'pwd', 'Mail Setting')).toBeUndefined()
  })

  it('that left its DocType goes when what it left behind is purged', async () => {
    const fields = [{ fieldname: 'title' }, password('gone')]
    await site.documents.insert(ADMINISTRATOR, 'DocType', [
      { name: 'Shrinking', module: 'Mail', autoname: 'field:title', permissions: LEVELS, fields },
    ])
    await site.documents.insert(ADMINISTRATOR, 'Shrinking', [{ title: 'A', gone: 'with the field' }])
    await update('Shrinking', { fields: fields.slice(0, 1) }, 'DocType')
    await update('Shrinking', { fields }, 'DocType')
    expect([
      (await site.documents.read(ADMINISTRATOR, { doctype: 'Shrinking', name: 'A' }))['gone'],
      await secret('A', 'gone', 'Shrinking'),
    ]).toEqual([STARS, 'with the field'])
    await update('Shrinking', { fields: fields.slice(0, 1) }, 'DocType')
    await purgeFormerColumns(site.database, site.doctypes, 'Shrinking')
    expect(await secret('A', 'gone', 'Shrinking')).toBeUndefined()
  })

  it('is never turned into another field, nor another field into one, while it holds something', async () => {
    await expect(
      update(
        'Account',
        { fields: (DOCTYPES[1]!.fields as Values[]).map((field) => (field['fieldname'] === 'pwd' ? { fieldname: 'pwd' } : field)) },
        'DocType',
      ),
    ).rejects.toMatchObject({ status: 417 })
    await expect(
      update(
        'Account',
        { fields: (DOCTYPES[1]!.fields as Values[]).map((field) => (field['fieldname'] === 'plain' ? password('plain') : field)) },
        'DocType',
      ),
    ).rejects.toMatchObject({ status: 417 })
  })

  it('is in no table, and was told to no listener', async () => {
    await insert('Searched', { pwd: 'N33dle in a stack', lines: [{ pin: 'N33dle in a row' }] })
    await update('Searched', { pwd: 'N33dle anew', plain: 'changed' })
    await site.documents.remove(ADMINISTRATOR, { doctype: 'Account', name: 'Searched' })
    await insert('Searched', { pwd: 'N33dle in a stack', lines: [{ pin: 'N33dle in a row' }] })
    expect(await everything()).not.toContain('N33dle')
    expect(JSON.stringify(heard.map(({ document, previous }) => [document, previous]))).not.toContain('N33dle')
    expect(heard.length).toBeGreaterThan(20)
  })
})

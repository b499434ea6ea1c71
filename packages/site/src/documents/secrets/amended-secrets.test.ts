import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document, Values } from '@annex/protocol'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { person, startDocuments, type TestDocuments } from '../documents.fixture.ts'
import { readSecret } from './secrets.ts'

const STARS = '********'
const password = (fieldname: string, more: object = {}): object => ({ fieldname, fieldtype: 'Password', label: fieldname, ...more })
const DOCTYPES = [
  { name: 'Line', istable: 1, autoname: 'hash', fields: [{ fieldname: 'place' }, password('pin')], permissions: [] },
  {
    name: 'Account',
    autoname: 'field:title',
    is_submittable: 1,
    permissions: [
      { role: 'All', submit: 1, cancel: 1, amend: 1 },
      // Whoever writes there may not read it.
      { role: 'All', permlevel: 1, read: 0, write: 1 },
    ],
    fields: [
      { fieldname: 'title' },
      { fieldname: 'amended_from', fieldtype: 'Link', options: 'Account' },
      password('pwd', { reqd: 1 }),
      password('other'),
      password('blind', { permlevel: 1 }),
      { fieldname: 'lines', fieldtype: 'Table', options: 'Line', label: 'Lines' },
    ],
  },
]

describe.each(engines)('An amendment on %s', (engine) => {
  let site: TestDocuments
  const ann = person('ann', [])
  beforeAll(async () => {
    site = await startDocuments(engine)
    for (const values of DOCTYPES) await site.documents.insert(ADMINISTRATOR, 'DocType', [{ module: 'Mail', custom: 1, ...values }])
  })
  afterAll(() => site.close())

  const cancelled = async (title: string, values: Values): Promise<Document> => {
    await site.documents.insert(ADMINISTRATOR, 'Account', [{ title, docstatus: 1, ...values }])
    return site.documents.setDocstatus(ADMINISTRATOR, { doctype: 'Account', name: title }, 2)
  }
  const amend = async (original: Document, values: Values = {}, who = ann): Promise<Document> => {
    const sent = { ...(await site.documents.read(who, { doctype: 'Account', name: String(original.name) })), docstatus: 0, ...values }
    return (await site.documents.insert(who, 'Account', [{ ...sent, amended_from: original.name }]))[0]!
  }
  const secret = ({ name, doctype }: Document, fieldname: string): Promise<string | undefined> =>
    readSecret(site.documents.premises, site.database.connection, { doctype, name: String(name), fieldname })
  const lines = (document: Document): Document[] => document['lines'] as Document[]

  it('that is sent as its original was read has its passwords, and is another document', async () => {
    const original = await cancelled('Whole', { pwd: 'first', lines: [{ place: 'a', pin: '1' }, { place: 'b' }, { place: 'c', pin: '3' }] })
    const amendment = await amend(original)
    expect(amendment).toMatchObject({ name: 'Whole-1', pwd: STARS, other: null })
    expect([await secret(amendment, 'pwd'), await secret(amendment, 'other')]).toEqual(['first', undefined])
    const rows = lines(amendment)
    expect(rows.map((row) => row['pin'])).toEqual([STARS, null, STARS])
    expect(await Promise.all(rows.map((row) => secret(row, 'pin')))).toEqual(['1', undefined, '3'])
    await site.documents.update(ann, { doctype: 'Account', name: 'Whole-1', values: { pwd: 'second' } })
    expect([await secret(original, 'pwd'), await secret(amendment, 'pwd')]).toEqual(['first', 'second'])
  })

  it('takes each row’s password by the row’s name, whatever was moved, added or left out', async () => {
    const original = await cancelled('Rows', { pwd: 'x', lines: [{ pin: '1' }, { pin: '2' }, { pin: '3' }] })
    const [, second, third] = lines(original)
    const sent = [
      { ...third, idx: 1 },
      { ...second, idx: 3, pin: 'new' },
      { idx: 2, place: 'added' },
    ]
    const amendment = await amend(original, { lines: sent })
    expect(await Promise.all(lines(amendment).map((row) => secret(row, 'pin')))).toEqual(['3', undefined, 'new'])
    await site.documents.setDocstatus(ann, { doctype: 'Account', name: 'Rows-1' }, 1)
    await site.documents.setDocstatus(ann, { doctype: 'Account', name: 'Rows-1' }, 2)
    await expect(amend(amendment, { lines: [{ pin: STARS }] })).rejects.toMatchObject({
      excType: 'ValidationError',
      message: expect.stringMatching(/^Row 1 of Lines: asterisks in pin /) as string,
    })
    await expect(amend(amendment, { lines: [{ ...third }] })).rejects.toMatchObject({ excType: 'ValidationError' })
  })

  it('leaves empty what its original left empty, what is sent empty, and what is no amendment', async () => {
    const original = await cancelled('Empty', { pwd: 'x', lines: [{ place: 'a' }] })
    const amendment = await amend(original, { other: STARS, lines: [{ pin: STARS }] })
    expect([amendment['other'], lines(amendment)[0]!['pin']]).toEqual([null, null])
    await expect(amend(original, { pwd: '' })).rejects.toMatchObject({ excType: 'MandatoryError' })
    const namesake = { title: 'Not amended', pwd: STARS }
    await expect(site.documents.insert(ann, 'Account', [namesake])).rejects.toMatchObject({ excType: 'MandatoryError' })
  })

  it('takes no password that its writer may not read, and does not tell whether there is one', async () => {
    for (const values of [{ pwd: 'x', blind: 'from above' }, { pwd: 'x' }]) {
      const original = await cancelled(`Blind ${Object.keys(values).length}`, values)
      await expect(amend(original, { blind: STARS })).rejects.toMatchObject({
        excType: 'PermissionError',
        message: expect.stringContaining('You may not read blind of Account') as string,
      })
      const amendment = await amend(original, { blind: 'their own' })
      expect(await secret(amendment, 'blind')).toBe('their own')
    }
  })
})

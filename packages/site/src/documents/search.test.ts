import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import type { LinkMatch } from '@annex/protocol'
import { PEOPLE, startDocuments, type TestDocuments } from './documents.fixture.ts'

const { admin } = PEOPLE
const field = (fieldname: string, fieldtype: string, rest: object = {}): object => ({ fieldname, fieldtype, ...rest })

describe.each(engines)('Link search on %s', (engine) => {
  let site: TestDocuments
  const search = (doctype: string, text: string, limit = 10, who = admin): Promise<LinkMatch[]> =>
    site.documents.searchLink(who, { doctype, text, limit })
  const values = async (doctype: string, text: string, limit?: number): Promise<string[]> =>
    (await search(doctype, text, limit)).map((match) => match.value)

  beforeAll(async () => {
    site = await startDocuments(engine)
    const fields = [
      field('title', 'Data'),
      field('alias', 'Data'),
      field('size', 'Int'),
      field('weight', 'Float'),
      field('secret', 'Data', { permlevel: 1 }),
      field('disabled', 'Check'),
    ]
    const definition = {
      autoname: 'prompt',
      title_field: 'title',
      search_fields: 'alias,size,secret',
      fields,
      permissions: [{ role: 'All' }],
    }
    await site.documents.insert(admin, 'DocType', [{ name: 'Shown', show_title_field_in_link: 1, ...definition }])
    await site.documents.insert(admin, 'DocType', [{ name: 'Fruit', ...definition }])
    await site.documents.insert(admin, 'DocType', [
      { name: 'Account', autoname: 'prompt', fields: [field('enabled', 'Check', { default: '1' })], permissions: [] },
    ])
  })
  afterAll(() => site.close())

  it('shows the title in place of the name where the DocType says so', async () => {
    await site.documents.insert(admin, 'Shown', [{ name: 'S-1', title: 'Gamma', alias: 'Alpha', size: 7 }, { name: 'S-2' }])
    expect(await search('Shown', 'gam')).toEqual([{ value: 'S-1', label: 'Gamma', description: 'S-1, Alpha, 7' }])
    expect(await search('Shown', 'S-2')).toEqual([{ value: 'S-2', label: 'S-2', description: 'S-2' }])
  })

  it('finds documents whose fields have the names of what finds them', async () => {
    const names = ['place', 'gram', 'id', 'text', 'rows', 'main', 'counted', 'found', 'key', 'value']
    const fields = names.map((name) => field(name, 'Data'))
    await site.documents.insert(admin, 'DocType', [
      { name: 'Shed', autoname: 'prompt', search_fields: 'place,id', fields, permissions: [] },
    ])
    const shed = (name: string) => ({ ...Object.fromEntries(names.map((each) => [each, 'yard'])), name })
    await site.documents.insert(admin, 'Shed', [shed('Barn'), shed('Yard Hut')])
    for (const text of ['y', 'ya', 'yar', 'yard']) expect(await values('Shed', text), text).toEqual(['Yard Hut', 'Barn'])
  })

  it('says each thing once, and nothing of what is empty or 0', async () => {
    await site.documents.insert(admin, 'Fruit', [{ name: 'Pear', title: 'Pear', alias: 'Pear', size: 0 }])
    expect(await search('Fruit', 'pear')).toEqual([{ value: 'Pear', description: 'Pear' }])
  })

  it('tells a further field beside the title where one is asked for, and none that may not be seen', async () => {
    await site.documents.insert(admin, 'Fruit', [{ name: 'Medlar', title: 'Blue', alias: 'Mespilus', weight: 5, secret: 'hush' }])
    const described = async (searchField: string, who = admin): Promise<(string | undefined)[]> =>
      (await site.documents.searchLink(who, { doctype: 'Fruit', text: 'medlar', limit: 10, searchField })).map((match) => match.description)
    expect(await described('weight')).toEqual(['Blue, 5.0, Mespilus, hush'])
    expect(await described('alias')).toEqual(['Blue, Mespilus, hush'])
    expect(await described('secret', PEOPLE.nobody)).toEqual(['Blue, Mespilus'])
    await expect(described('colour')).rejects.toMatchObject({ excType: 'DataError', status: 417 })
  })

  it('puts names that begin with the text first, and cuts the page by where the name has it', async () => {
    await site.documents.insert(admin, 'Fruit', [
      { name: 'Apple Inc' },
      { name: 'Pineapple' },
      { name: 'Big Apple' },
      { name: 'Quince', title: 'not an apple' },
      { name: 'apple tart' },
    ])
    expect(await values('Fruit', 'apple')).toEqual(['Apple Inc', 'apple tart', 'Big Apple', 'Pineapple', 'Quince'])
    expect(await values('Fruit', 'apple', 3)).toEqual(['Apple Inc', 'apple tart', 'Big Apple'])
    expect(await values('Fruit', 'apple', 1)).toEqual(['apple tart'])
  })

  it('ignores case beyond ASCII, and takes what is typed as text', async () => {
    await site.documents.insert(admin, 'Fruit', [{ name: 'Äpfel ΟΔΟΣ' }, { name: '50%_off\\' }])
    expect(await values('Fruit', 'äPF')).toEqual(['Äpfel ΟΔΟΣ'])
    expect(await values('Fruit', 'οδος')).toEqual(['Äpfel ΟΔΟΣ'])
    expect(await values('Fruit', 'ä')).toEqual(['Äpfel ΟΔΟΣ'])
    for (const text of ['%_', '0%_o', 'off\\', '\\']) expect(await values('Fruit', text)).toEqual(['50%_off\\'])
  })

  it('leaves out what is disabled or not enabled', async () => {
    await site.documents.insert(admin, 'Fruit', [{ name: 'Rotten', disabled: 1 }])
    await site.documents.insert(admin, 'Account', [{ name: 'on' }, { name: 'off', enabled: 0 }])
    expect(await values('Fruit', 'rot')).toEqual([])
    expect(await values('Account', '')).toEqual(['on'])
  })

  it('neither shows nor looks at a field above the reader’s level', async () => {
    await site.documents.insert(admin, 'Fruit', [{ name: 'Fig', alias: 'f', secret: 'hush' }])
    expect(await search('Fruit', 'fig', 5, PEOPLE.nobody)).toEqual([{ value: 'Fig', description: 'f' }])
    expect(await search('Fruit', 'hush', 5, PEOPLE.nobody)).toEqual([])
  })

  it('finds among many what few names begin with, and what many do', async () => {
    const many = Array.from({ length: 300 }, (_, index) => ({ name: `Many ${String(index).padStart(3, '0')}`, title: `even ${index % 2}` }))
    await site.documents.insert(admin, 'Fruit', many)
    expect(await values('Fruit', 'many', 3)).toEqual(['Many 297', 'Many 298', 'Many 299'])
    expect(await values('Fruit', 'many 29', 3)).toEqual(['Many 297', 'Many 298', 'Many 299'])
    expect(await values('Fruit', 'm', 2)).toEqual(['Many 298', 'Many 299'])
    expect(await values('Fruit', 'even 1', 2)).toEqual(['Many 297', 'Many 299'])
  })
})

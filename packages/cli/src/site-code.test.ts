import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../tests/support/callers/api.ts'
import { engines } from '../../../tests/support/databases.ts'
import { run, type Ended } from '../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../tests/support/site.ts'

const define = (name: string, values: object): string => JSON.stringify({ doctype: 'DocType', module: 'Depot', name, ...values })
const CRATE_FIELDS = [
  { fieldname: 'label', fieldtype: 'Data', label: 'Label */ of it', reqd: 1 },
  { fieldname: 'state', fieldtype: 'Select', options: 'Full\nEmpty', reqd: 1 },
  { fieldname: 'depot', fieldtype: 'Link', options: 'Big Depot' },
  { fieldname: 'weight', fieldtype: 'Float' },
  { fieldname: 'packed', fieldtype: 'Date' },
  { fieldname: 'contents', fieldtype: 'Table', options: 'Crate Line' },
]
const FILES = {
  'crate.json': define('Crate', { fields: CRATE_FIELDS, permissions: [{ role: 'Packer', read: 1, create: 1 }], read_only: 1 }),
  'crate_line.json': define('Crate Line', { istable: 1, fields: [{ fieldname: 'item', fieldtype: 'Data', reqd: 1 }] }),
  'big_depot.json': define('Big Depot', { fields: [{ fieldname: 'first_crate', fieldtype: 'Link', options: 'Crate' }] }),
  'package.json': '{"private":true}',
  'notes.json': 'not JSON at all',
}

describe.each(engines)('DocTypes as files, on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let folder: string
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    folder = await mkdtemp(join(tmpdir(), 'annex-doctypes-'))
    await mkdir(join(folder, 'app', 'deep'), { recursive: true })
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, 'app', 'deep', name), text)
  })
  afterAll(async () => {
    await site.close()
    await rm(folder, { recursive: true })
  })
  const annex = (words: readonly string[], settings = {}): Promise<Ended> =>
    run('annex', words, { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl, ...settings })
  const status = async (doctype: string): Promise<number> => (await admin.send('GET', `/api/resource/${doctype}`)).status

  it('are told and not made in a dry run', async () => {
    const ended = await annex(['doctype', 'import', join(folder, 'app'), '--dry-run'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('Crate: new\n  + field label (Data)\n')
    expect(ended.stdout).toContain('  ! read_only is not kept\n')
    expect(ended.stdout).toContain('Role Packer: new\nNothing was changed: this was a dry run.\n')
    expect(await status('Crate')).toBe(404)
  })

  it('are made in the order of their links, with rights that are said and no others', async () => {
    expect(await annex(['doctype', 'import', join(folder, 'app')])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Done\.\n$/) as string,
    })
    expect((await admin.read('DocType', 'Crate'))['permissions']).toMatchObject([
      { role: 'Packer', read: 1, create: 1, write: 0, share: 0 },
    ])
    const depot = await admin.insert('Big Depot', {})
    expect(await admin.insert('Crate', { label: 'A', state: 'Full', depot: depot['name'], contents: [{ item: 'x' }] })).toHaveProperty(
      'name',
    )
    const fields = (await admin.read('DocType', 'Big Depot'))['fields']
    expect(fields).toMatchObject([{ fieldname: 'first_crate', fieldtype: 'Link', options: 'Crate' }])
    expect((await annex(['doctype', 'import', join(folder, 'app')])).stdout).toMatch(/Crate: as it is\n.*Nothing to change\.\n$/s)
  })

  it('lose a field only when that is said, and are else left whole', async () => {
    const path = join(folder, 'less.json')
    const fields = [...CRATE_FIELDS.filter(({ fieldname }) => fieldname !== 'weight'), { fieldname: 'added', fieldtype: 'Int' }]
    await writeFile(path, define('Crate', { fields, permissions: [{ role: 'Packer', read: 1 }] }))
    const refused = await annex(['doctype', 'import', path])
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing was changed, because of Crate: weight goes') as string,
    })
    expect(refused.stdout).toContain('  - field weight (Float)\n')
    expect(JSON.stringify(await admin.read('DocType', 'Crate'))).not.toContain('added')
    expect(await annex(['doctype', 'import', path, '--force'])).toMatchObject({ code: 0 })
    expect(JSON.stringify(await admin.read('DocType', 'Crate'))).toContain('added')
    expect(await admin.insert('Crate', { label: 'B', state: 'Empty', added: 3 })).toMatchObject({ added: 3 })
  })

  it('are written with their row types, as they read back', async () => {
    const out = join(folder, 'out')
    expect(await annex(['doctype', 'export', 'Crate', '--to', out])).toMatchObject({ code: 0 })
    expect((await readdir(out)).toSorted()).toEqual(['crate.json', 'crate_line.json'])
    expect((await annex(['doctype', 'import', out])).stdout).toMatch(/Nothing to change\.\n$/)
    const text = await readFile(join(out, 'crate.json'), 'utf8')
    await annex(['doctype', 'export', 'Crate', '--to', out])
    expect(await readFile(join(out, 'crate.json'), 'utf8')).toBe(text)
  })

  it.each([
    [['doctype', 'import', '/annex/is/not/here'], 'there is no file or folder /annex/is/not/here'],
    [['doctype', 'import', import.meta.filename], 'there is no DocType of your own in'],
    [['doctype', 'export', 'Nope', '--to', '/tmp'], 'DocType Nope not found'],
    [['types', 'Nope'], 'there is no DocType Nope'],
  ])('refuse in one sentence: annex %j', async (words, sentence) => {
    const ended = await annex(words)
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^annex: [^\n]+\n$/) as string })
    expect(ended.stderr).toContain(sentence)
  })

  it('are described as TypeScript that compiles, from the database and over the API alike', async () => {
    const path = join(folder, 'types.ts')
    expect(await annex(['types', 'Crate', 'Big Depot', '--out', path])).toMatchObject({ code: 0 })
    const text = await readFile(path, 'utf8')
    expect(text).toContain('  state: "Full" | "Empty"\n')
    expect(text).toContain('  contents: CrateLine[]\n')
    await writeFile(join(folder, 'use.ts'), USE)
    const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc')
    const compiled = promisify(execFile)(process.execPath, [
      tsc,
      '--noEmit',
      '--strict',
      '--ignoreConfig',
      '--types',
      '',
      join(folder, 'use.ts'),
    ])
    await expect(compiled).resolves.toMatchObject({ stdout: '' })
    const user = 'packer@example.com'
    await admin.insert('User', { email: user, first_name: 'Packer', roles: [{ role: 'Packer' }] })
    const keys = await admin.post('frappe.core.doctype.user.user.generate_keys', { user })
    const secret = (keys.body['message'] as { api_secret: string }).api_secret
    const key = `${String((await admin.read('User', user))['api_key'])}:${secret}`
    const remote = await run('annex', ['types', 'Crate', '--site', site.url], { ANNEX_KEY: key })
    expect(remote).toEqual({ code: 0, stdout: (await annex(['types', 'Crate'])).stdout, stderr: '' })
    const refused = await run('annex', ['types', 'Crate', '--site', site.url], { ANNEX_KEY: 'wrong:key' })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('answers 401') as string })
  })
})

const USE = `import type { BigDepot, Crate, CrateLine } from './types.js'
export const rowsOf = (crate: Crate): readonly CrateLine[] => crate.contents
export const depotOf = (crate: Crate): string | null | undefined => crate.depot
export const isFull = ({ state }: Crate): boolean => state === 'Full'
export const weightOf = (depot: BigDepot): number => depot.docstatus
// @ts-expect-error no such choice
export const isOdd = ({ state }: Crate): boolean => state === 'Odd'
// @ts-expect-error may be empty
export const packedOn = ({ packed }: Crate): string => packed
`

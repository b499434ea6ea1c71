import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Api } from '../../../../tests/support/callers/api.ts'
import { startSite, type RunningSite } from '../../../../tests/support/site.ts'
import { FakeUpstream } from '../testing/fake/fake-upstream.ts'
import { runCommand } from './main.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

const LINE = {
  name: 'Shop Order Line',
  module: 'Trading',
  custom: 1,
  istable: 1,
  fields: [
    { fieldname: 'item', fieldtype: 'Link', options: 'User', label: 'Item', reqd: 1 },
    { fieldname: 'qty', fieldtype: 'Float', label: 'Quantity' },
  ],
}
const ORDER = {
  name: 'Shop Order',
  module: 'Trading',
  custom: 1,
  autoname: 'hash',
  is_submittable: 1,
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1, description: 'Ends no comment: */' },
    { fieldname: 'section', fieldtype: 'Section Break', label: 'More' },
    { fieldname: 'day', fieldtype: 'Date', label: 'Day' },
    { fieldname: 'state', fieldtype: 'Select', label: 'State', options: 'Open\nPaid "at once"' },
    { fieldname: 'urgent', fieldtype: 'Check', label: 'Urgent' },
    { fieldname: 'lines', fieldtype: 'Table', label: 'Lines', options: 'Shop Order Line' },
  ],
  permissions: [{ role: 'All', submit: 1, cancel: 1 }],
}

const USES = `
import './doctypes.ts'
import { UpstreamClient } from '@annex/connector'

const client = new UpstreamClient({ url: 'https://erp.example.com', credentials: { apiKey: 'x:y' } })
const order = await client.read('Shop Order', 'SO-1')
export const title: string = order.title
export const day: string | null | undefined = order.day
export const qty: number | undefined = order.lines[0]?.qty
export const urgent: 0 | 1 = order.urgent
// @ts-expect-error there is no such field
export const nothing: unknown = order.nothing
await client.insert('Shop Order', { title: 'New', state: 'Open', lines: [{ item: 'B1', qty: 2 }] })
// @ts-expect-error there is no such state
await client.insert('Shop Order', { title: 'New', state: 'Lost' })
await client.update('Shop Order', 'SO-1', { urgent: 1, modified: order.modified })
const [row] = await client.list('Shop Order', { fields: ['name', 'day'], filters: { state: 'Open' } })
export const listed: string | undefined = row?.name
// @ts-expect-error it was not asked for
export const unasked: unknown = row?.title
// @ts-expect-error there is no such field
await client.list('Shop Order', { fields: ['titel'] })
for await (const { lines: _, ...each } of client.each<string>('Shop Order', { fields: ['count(name) as n'] })) void each['n']
const other = await client.read('Anything Else', 1)
export const free: unknown = other['whatever']
`

/** Folders lie where the package is found by its name. */
async function folderHere(): Promise<string> {
  const cache = join(ROOT, 'node_modules/.cache/annex')
  await mkdir(cache, { recursive: true })
  return mkdtemp(join(cache, 'types-'))
}

/** What the compiler says of the files in the folder, under the strictest rules that the project has. */
async function compile(folder: string, more = ''): Promise<string[]> {
  const compilerOptions = { noEmit: true, composite: false, incremental: false }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, files: ['uses.ts'] }),
  )
  await writeFile(join(folder, 'uses.ts'), USES + more)
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { cwd: folder }).catch(
    (failed: unknown) => failed as { stdout: string },
  )
  return stdout.split('\n').filter((line) => /^(uses|doctypes)\.ts/.test(line))
}

async function run(...words: string[]): Promise<string> {
  const lines: string[] = []
  expect(await runCommand(['types', ...words], (line) => lines.push(line))).toBe(0)
  return `${lines.join('\n')}\n`
}

let folder: string
beforeAll(async () => {
  folder = await folderHere()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('types of a Frappe’s DocTypes', () => {
  let site: FakeUpstream
  let listening: { close(): Promise<void> }
  beforeAll(async () => {
    site = new FakeUpstream({ kind: 'frappe-15' })
    for (const doctype of [LINE, ORDER]) site.documents.define(doctype)
    listening = await site.listen()
  })
  afterAll(() => listening.close())
  const given = (): string[] => ['--from', site.issuer, '--key', site.users[0]!.apiKey]

  test('are written with what makes the client know them, the same each time', async () => {
    const text = await run(...given(), 'Shop Order')
    expect(text).toBe(await run(...given(), 'Shop Order'))
    expect(text).toMatch(/^\/\/ Written by annex-connector types\./)
    expect(text).toContain('/** Title. Ends no comment: *\u200b/ */\n  title: string\n')
    expect(text).toContain('  day?: string | null\n')
    expect(text).toContain('  state?: "" | "Open" | "Paid \\"at once\\"" | null\n')
    expect(text).toContain('  lines: ShopOrderLine[]\n')
    expect(text).not.toContain('section')
    expect(text).toContain('    "Shop Order": ShopOrder\n    "Shop Order Line": ShopOrderLine\n')
    expect(text.match(/export interface/g)).toHaveLength(2)
  })

  test('hold under strict rules, and find mistakes', async () => {
    const out = join(folder, 'doctypes.ts')
    expect(await run(...given(), '--out', out, 'Shop Order')).toBe(`Shop Order  ${out}\n`)
    expect(await readFile(out, 'utf8')).toBe(await run(...given(), 'Shop Order'))
    expect(await compile(folder)).toEqual([])
    expect(await compile(folder, 'export const wrong: number = order.title')).toEqual([expect.stringContaining('TS2322') as string])
  })

  test.each([
    [['Shop Order', 'Nowhere'], 'there is no DocType Nowhere at the site, or you may not see it'],
    [[], /^name the DocTypes/],
  ])('of %j are one sentence', async (names, sentence) => {
    await expect(run(...given(), ...names)).rejects.toThrow(sentence)
  })

  test.each([
    [['--from', 'erp.example.com', '--key', 'x:y'], '--from must be the address of the site'],
    [['--from', 'http://erp.example.com', '--key', 'x:y'], '--from must be the address of the site, with https'],
    [['--key', 'x:y'], '--from must be the address of the site'],
  ])('from %j are refused in one sentence, before a key travels', async (words, sentence) => {
    await expect(run(...words, 'Shop Order')).rejects.toThrow(sentence)
  })

  test('by a wrong key say that it is wrong, and do not repeat it', async () => {
    const failed = await run('--from', site.issuer, '--key', 'wrong:secret', 'Shop Order').catch((error: unknown) => error as Error)
    expect(String(failed)).toMatch(/does not know this API key/)
    expect(String(failed)).not.toContain('wrong:secret')
  })
})

describe('types of this project’s own site', () => {
  let site: RunningSite
  let key: string
  beforeAll(async () => {
    site = await startSite('sqlite')
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    for (const doctype of [LINE, ORDER]) await admin.insert('DocType', doctype)
    const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: 'Administrator' })
    const { api_key: id, api_secret: secret } = body['message'] as { api_key: string; api_secret: string }
    key = `${id}:${secret}`
  })
  afterAll(() => site.close())

  test('hold under strict rules, and find mistakes', async () => {
    await run('--from', site.url, '--key', key, '--out', join(folder, 'doctypes.ts'), 'Shop Order', 'User')
    expect(await compile(folder)).toEqual([])
  })
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../../tests/support/callers/api.ts'
import { engines } from '../../../../tests/support/databases.ts'
import { run } from '../../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../../tests/support/site.ts'

const leftovers: string[] = []
afterEach(async () => {
  for (const folder of leftovers.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function hooksFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'annex-hooks-')), 'hooks')
  await mkdir(join(folder, 'lib'), { recursive: true })
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) await writeFile(join(folder, name), text)
  return folder
}

/** A module whose second line is the given one. */
const module = (line: string): string => `export function hooks(site: any): void {\n  ${line}\n}\n`

describe('A start with site code that is wrong ends with one sentence, which begins with the place', () => {
  const refusal = async (files: Readonly<Record<string, string>>, command = 'site' as 'site' | 'annex'): Promise<string> => {
    const folder = await hooksFolder(files)
    const data = join(folder, '..', 'data')
    leftovers.push(join(folder, '..'))
    const settings = { ANNEX_DATA: data, ANNEX_HOOKS: folder, PORT: '0' }
    const { code, stderr } = await run(command, command === 'annex' ? ['app', 'list'] : [], settings)
    expect(code).toBe(1)
    return stderr.replace(/^annex: /, '').trimEnd()
  }

  it.each([
    ['on("ToDo", "before_inserted", () => {})', 'there is no event before_inserted; use one of before_insert, '],
    ['on("Custmer", "validate", () => {})', 'there is no DocType Custmer on this site'],
    ['on("Has Role", "validate", () => {})', 'Has Role is a child table'],
    ['on("OAuth Bearer Token", "validate", () => {})', 'validate never happens to a OAuth Bearer Token'],
    ['on("", "validate", () => {})', 'name the DocType first'],
    ['on("ToDo", "validate", "check")', 'the last argument must be a function'],
    ['method("total", {}, () => 1)', '"total" is no dotted name'],
    ['method("ping", {}, () => 1)', '"ping" is no dotted name'],
    ['method("frappe.client.get_count", {}, () => 1)', 'frappe.client.get_count is taken'],
    ['method("a.b", { methods: ["PATCH"] }, () => 1)', 'methods must be a list of GET, POST, PUT and DELETE'],
    ['method("a.b", { guest: "yes" }, () => 1)', 'guest must be true or false'],
    ['method("a.b", { rights: [{ doctype: "Item" }] }, () => 1)', 'rights must be "verbs", '],
    ['method("a.b", { rights: [{ doctype: "Itm", right: "read" }] }, () => 1)', 'rights name the DocType Itm'],
    ['method("a.b", undefined, () => 1)', 'the second argument must be an object'],
    ['documentMethod("ToDo", "a.b", {}, () => 1)', '"a.b" is no name of a document’s method'],
    ['documentMethod("ToDo", "submit", {}, () => 1)', 'submit is taken: every document has it'],
    ['documentMethod("ToDo", "save", {}, () => 1)', 'save is taken: every document has it'],
    ['documentMethod("", "close", {}, () => 1)', 'name the DocType first'],
    ['documentMethod("frappe", "close", {}, () => 1)', 'frappe.close is taken'],
    ['documentMethod("Custmer", "close", {}, () => 1)', 'there is no DocType Custmer on this site'],
    ['documentMethod("Has Role", "close", {}, () => 1)', 'Has Role has no documents of its own'],
    ['documentMethod("ToDo", "close", { methods: ["PUT"] }, () => 1)', 'methods must be a list of GET and POST'],
    ['documentMethod("ToDo", "close", {}, 1)', 'the last argument must be a function'],
    ['linkQuery("a.b", {}, undefined)', 'the last argument must be a function'],
    ['onn("ToDo")', 'site.onn is not a function'],
  ])('site.%s', async (line, sentence) => {
    expect(await refusal({ 'a.ts': module(`site.${line}`) })).toContain(`hooks/a.ts:2: ${sentence}`)
  })

  it.each([
    ['a module that is no JavaScript', { 'a.js': 'const a = 1\nconst = 2\n' }, /^hooks\/a\.js:2: Unexpected token/],
    ['types that cannot be stripped', { 'a.ts': 'const a = 1\nenum Colour { Red }\n' }, /^hooks\/a\.ts:2: .*enum/],
    ['an import that leads nowhere', { 'a.ts': "const a = 1\nimport './lib/none.ts'\n" }, /^hooks\/a\.ts:2: Cannot find module/],
    ['a name that is not exported', { 'a.ts': "import { no } from './lib/b.ts'\n", 'lib/b.ts': 'export {}\n' }, /^hooks\/a\.ts:1: .*'no'/],
    ['code that throws', { 'a.ts': "import './lib/b.ts'\n", 'lib/b.ts': '\nthrow new Error("boom")\n' }, /^hooks\/lib\/b\.ts:2: boom$/],
    ['no export', { 'a.ts': 'export const hook = 1\n' }, /^hooks\/a\.ts: the module must export a function: export function hooks/],
    [
      'a name that a method of documents has',
      { 'a.ts': module('site.documentMethod("To Do", "x", {}, () => 1)'), 'b.ts': module('site.method("To.Do.x", {}, () => 1)') },
      /^hooks\/b\.ts:2: To\.Do\.x is taken: hooks\/a\.ts:2 registers it too$/,
    ],
    [
      'a name that another module has',
      { 'a.ts': module('site.method("x.y", {}, () => 1)'), 'b.ts': module('site.linkQuery("x.y", {}, () => [])') },
      /^hooks\/b\.ts:2: x\.y is taken: hooks\/a\.ts:2 registers it too$/,
    ],
  ])('%s', async (_, files, sentence) => {
    expect(await refusal(files)).toMatch(sentence)
  })

  it('a setting that names no folder', async () => {
    expect(await run('site', [], { ANNEX_HOOKS: '/annex/is/not/here', PORT: '0' })).toMatchObject({
      code: 1,
      stderr: 'annex: ANNEX_HOOKS: there is no folder /annex/is/not/here; make it, or leave the setting out\n',
    })
  })

  it('but commands, which make the DocTypes that it names, work before', async () => {
    const folder = await hooksFolder({ 'a.ts': module('site.on("Custmer", "validate", () => {})') })
    leftovers.push(join(folder, '..'))
    const ended = await run('annex', ['app', 'list'], { ANNEX_DATA: join(folder, '..', 'data'), ANNEX_HOOKS: folder })
    expect(ended).toMatchObject({ code: 0 })
  })
})

const CODE = `import type { SiteHooks } from '@annex/site/hooks'
import { shout } from './lib/shout.ts'

export function hooks(site: SiteHooks): void {
  site.on<{ role_name: string; desk_access: number }>('Role', 'validate', ({ document, refuse }) => {
    if (document.role_name === 'Forbidden') refuse('This role is not to be')
    if (document.role_name === 'Broken') throw new Error('a secret of the site')
    if (document.role_name.startsWith('quiet')) document.desk_access = 0
  })
  site.method('my_app.api.sum', { methods: ['GET', 'POST'], guest: true, rights: 'open' }, ({ args }) => shout(Number(args['a']) + Number(args['b'])))
  site.method('my_app.api.whoami', {}, ({ user }) => user)
  site.method('my_app.api.limit', { methods: ['GET'], guest: true, rights: 'open' }, ({ args }) => (args['limit'] ??= 20))
  site.method('my_app.api.roles', { rights: 'verbs' }, async ({ documents }) => {
    await documents.insert('Role', { role_name: 'Made', desk_access: 1 })
    await documents.update('Role', 'Made', { desk_access: 0 })
    const made = await documents.list('Role', { fields: ['name', 'desk_access'], filters: { name: 'Made' } })
    await documents.remove('Role', 'Made')
    return [made, await documents.count('Role', [['name', '=', 'Made']])]
  })
  site.method('my_app.api.rich', {}, ({ reply }) => reply({ message: 1, body: { docs: [] } }))
  site.linkQuery('my_app.queries.roles', {}, async ({ text, filters, start, pageLength, documents }) => {
    const rows = await documents.list('Role', { filters: [['name', 'like', text + '%']], start, limit: pageLength, orderBy: 'name asc' })
    return rows.map(({ name }) => [String(name), String(filters['hint'] ?? '')])
  })
  site.linkQuery('my_app.queries.wrong', {}, () => [[null]] as never)
}
`

describe.each(engines)('Site code on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let folder: string
  beforeAll(async () => {
    folder = await hooksFolder({
      'code.ts': CODE,
      'lib/shout.ts': 'export const shout = (value: unknown): string => `${value}!`\n',
      'notes.md': 'not a module',
      'code.test.ts': 'throw new Error("not loaded")',
    })
    site = await startSite(engine, { ANNEX_HOOKS: folder })
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  })
  afterAll(async () => {
    await site.close()
    await rm(join(folder, '..'), { recursive: true })
  })
  const guest = (): Api => new Api(site.url)

  it('alters and refuses documents of core DocTypes too', async () => {
    expect(await admin.insert('Role', { role_name: 'quiet one', desk_access: 1 })).toMatchObject({ desk_access: 0 })
    const refused = await admin.send('POST', '/api/resource/Role', { role_name: 'Forbidden' })
    expect(refused).toMatchObject({ status: 417, body: { exc_type: 'ValidationError' } })
    expect(refused.text).toContain('This role is not to be')
  })

  it('fails as a fault of ours: an incident for the caller, the place for the log', async () => {
    const failed = await admin.send('POST', '/api/resource/Role', { role_name: 'Broken' })
    expect(failed.status).toBe(500)
    expect(failed.text).not.toContain('a secret')
    const incident = /incident ([0-9a-f-]{36})/.exec(failed.text)?.[1] ?? 'none'
    expect(site.output()).toContain(incident)
    expect(site.output()).toMatch(/hooks\/code\.ts:5: validate of Role: a secret of the site/)
    expect((await admin.send('GET', '/api/resource/Role/Broken')).status).toBe(404)
  })

  it('answers calls by name, to those and by those HTTP methods that it says', async () => {
    expect((await guest().get('my_app.api.sum', { a: '1', b: '2' })).body).toEqual({ message: '3!' })
    expect((await admin.post('my_app.api.whoami')).body).toEqual({ message: 'Administrator' })
    expect((await guest().get('my_app.api.limit')).body).toEqual({ message: 20 })
    expect((await guest().post('my_app.api.whoami')).status).toBe(403)
    expect((await admin.get('my_app.api.whoami')).status).toBe(403)
    expect((await admin.post('my_app.api.roles')).body).toEqual({ message: [[{ name: 'Made', desk_access: 0 }], 0] })
  })

  it('offers values for link fields, in rows', async () => {
    const asked = { txt: 'Sys', start: '0', page_length: '5', filters: '{"hint":"a role"}' }
    expect((await admin.get('my_app.queries.roles', asked)).body).toEqual({ message: [['System Manager', 'a role']] })
    expect((await admin.get('my_app.queries.roles', { ...asked, filters: '{' })).status).toBe(417)
    const searched = await admin.get('frappe.desk.search.search_link', { ...asked, doctype: 'Role', query: 'my_app.queries.roles' })
    expect(searched.body).toEqual({ message: [{ value: 'System Manager', description: 'a role' }] })
    expect((await admin.get('my_app.queries.wrong')).status).toBe(500)
    expect(site.output()).toContain('it must return a list of values')
  })
})

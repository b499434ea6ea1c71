import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { createKeys } from '../core/sealing/key-ring.ts'
import { FakeUpstream } from '../testing/fake/fake-upstream.ts'
import type { FakeKind } from '../testing/fake/kinds.ts'
import { runCommand } from './main.ts'

const redirectUri = 'http://localhost:4100/connect/callback'
let folder: string
let file: string
let site: FakeUpstream
let close: () => Promise<void> = async () => undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-connector-'))
  file = join(folder, 'annex-connector.json')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await close()
  await rm(folder, { recursive: true })
})

async function serve(kind: FakeKind): Promise<void> {
  site = new FakeUpstream({ kind })
  const listening = await site.listen()
  close = () => listening.close()
  site.override = ({ path }) => (path === OAUTH_PATHS.authorize ? { status: 302, headers: { location: '/login' }, html: '' } : undefined)
}

const write = (settings: object): Promise<void> =>
  writeFile(file, JSON.stringify({ issuer: site.issuer, scopes: { required: ['openid'] }, ...settings }))

async function run(...words: string[]): Promise<{ code: number; said: string[] }> {
  const said: string[] = []
  return { code: await runCommand(words, (line) => said.push(line)), said }
}

test('check says what it found, takes the secret from the environment, and repeats it nowhere', async () => {
  await serve('frappe-15')
  await write({ client: { id: site.client.id, redirectUri } })
  vi.stubEnv('ANNEX_CLIENT_SECRET', 'the-secret')
  const { code, said } = await run('check', file)
  expect(code).toBe(0)
  expect(said[0]).toBe(`✓ site: ${site.issuer} is a Frappe 15`)
  expect(said.join()).not.toContain('the-secret')
  expect(site.requests.some(({ body }) => body.includes('client_secret=the-secret'))).toBe(true)
})

test('check exits with 1 when something is wrong, and with an API key it sees more', async () => {
  await serve('frappe-15')
  await write({ client: { id: site.client.id, redirectUri } })
  site.override = ({ path, headers }) =>
    path.startsWith('/api/resource/') && headers.get('authorization') === 'token key:secret'
      ? { json: { data: { redirect_uris: '', grant_type: 'Authorization Code', response_type: 'Code', scopes: 'openid' } } }
      : undefined
  vi.stubEnv('ANNEX_API_KEY', 'key:secret')
  const { code, said } = await run('check', file)
  expect(code).toBe(1)
  expect(said).toContain(`✗ redirect: none is registered: enter ${redirectUri} as redirect URI, besides the default one`)
})

test('register registers once and keeps what the site gives; --again asks anew', async () => {
  await serve('annex')
  await writeFile(join(folder, 'keys.json'), JSON.stringify(createKeys()))
  await write({ client: { register: { name: 'Field Sales' }, redirectUri }, store: `sqlite:${folder}/app.db`, keys: 'keys.json' })
  const first = await run('register', file)
  expect(first).toEqual({ code: 0, said: [expect.stringMatching(/^registered at http:\S+ as \S{10}; its secret is kept/)] })
  expect(await run('register', file)).toEqual(first)
  expect(site.count(OAUTH_PATHS.register)).toBe(1)
  expect((await run('check', file)).said).toContainEqual(expect.stringContaining('✓ client: the site knows'))
  const again = await run('register', file, '--again')
  expect(again.code).toBe(0)
  expect(again.said).not.toEqual(first.said)
  expect(site.count(OAUTH_PATHS.register)).toBe(2)
})

test('register keeps what it is given where the file says, and names the address that hears of sign-outs', async () => {
  await serve('annex')
  await writeFile(join(folder, 'keys.json'), JSON.stringify(createKeys()))
  const client = { register: { name: 'Field Sales' }, redirectUri: 'https://shop.test/in/callback' }
  const settings = { client, store: 'sqlite:app.db', keys: 'keys.json' }
  await write({ ...settings, revocations: {}, basePath: '/in' })
  expect((await run('register', file)).code).toBe(0)
  expect(await readdir(folder)).toContain('app.db')
  const asked = JSON.parse(site.requests.find(({ path }) => path === OAUTH_PATHS.register)!.body) as Record<string, unknown>
  expect(asked['backchannel_logout_uri']).toBe('https://shop.test/in/backchannel-logout')
  await write({ ...settings, store: 'sqlite:data/app.db' })
  await expect(run('register', file)).rejects.toThrow(/^Cannot open the database sqlite:\S+data.app\.db \(store\): /)
})

test('register at a site that lets no app do so prints the link to its form', async () => {
  await serve('frappe-15')
  await writeFile(join(folder, 'keys.json'), JSON.stringify(createKeys()))
  await write({ client: { register: { name: 'Field Sales' }, redirectUri }, store: `sqlite:${folder}/app.db`, keys: 'keys.json' })
  await expect(run('register', file)).rejects.toThrow(
    /open http:\S+\/app\/oauth-client\/new\?app_name=Field%20Sales&\S+ and set client\.id/,
  )
})

test.each<[string, object, RegExp]>([
  ['an app that has its id', { client: { id: 'x', redirectUri } }, /^the app is registered as x/],
  ['no place to keep what is given', { client: { register: { name: 'Field Sales' }, redirectUri } }, /^set store .* and keys/],
])('register refuses %s', async (_name, settings, sentence) => {
  await serve('annex')
  await write(settings)
  await expect(run('register', file)).rejects.toThrow(sentence)
  expect(site.count(OAUTH_PATHS.register)).toBe(0)
})

test.each<[string, string | undefined, RegExp]>([
  ['is not there', undefined, /annex-connector\.json cannot be read: name the file/],
  ['is not JSON', '{', /annex-connector\.json is not JSON/],
  ['holds something else', '[1]', /annex-connector\.json: issuer undefined must be/],
  ['lacks the client', '{"issuer":"https://erp.test","scopes":{"required":["openid"]}}', /annex-connector\.json: client\.id must be/],
])('a file that %s is named', async (_name, text, sentence) => {
  if (text !== undefined) await writeFile(file, text)
  await expect(run('check', file)).rejects.toThrow(sentence)
})

test('without a command it names them all, and an unknown one is an error', async () => {
  const { code, said } = await run()
  expect(code).toBe(0)
  for (const name of ['check', 'keys', 'register', 'types']) expect(said.some((line) => line.startsWith(`  ${name} `))).toBe(true)
  expect((await run('toString')).code).toBe(1)
})

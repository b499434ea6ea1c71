import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeyRing, keyOf, type Keys } from '../core/sealing/key-ring.ts'
import { Vault } from '../core/tokens/token-vault.ts'
import { openSqlStore } from '../stores/sql.ts'
import { runCommand } from './main.ts'

const tokens = { access: 'a', refresh: 'r', scopes: ['openid'], idToken: undefined, issuedAt: 0, expiresAt: 1000 }
const person = { issuer: 'https://erp.example.com', subject: 'sam', name: 'Sam', email: null }
let folder: string
let file: string
let store: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-keys-'))
  file = join(folder, 'keys.json')
  store = `sqlite:${join(folder, 'vault.db')}`
})
afterEach(() => rm(folder, { recursive: true }))

async function run(...words: string[]): Promise<{ code: number; said: string }> {
  const said: string[] = []
  const code = await runCommand(['keys', ...words], (line) => said.push(line))
  return { code, said: said.join('\n') }
}
const readKeys = async (): Promise<Keys> => JSON.parse(await readFile(file, 'utf8')) as Keys

/** A person of each tenant signs in under the keys of this moment. Gives what is stored of the last. */
async function signIn(...tenants: string[]): Promise<void> {
  const open = await openSqlStore(store)
  for (const tenant of tenants) await new Vault(open.of(tenant).connections, new KeyRing(await readKeys()), { tenant }).keep(person, tokens)
  await open.close()
}

test('keys are created for their owner alone, never over others, and printed nowhere', async () => {
  const { code, said } = await run('create', file)
  expect(code).toBe(0)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const { current, ring } = await readKeys()
  expect(() => new KeyRing({ current, ring })).not.toThrow()
  expect(said).not.toContain(ring[current])
  await expect(run('create', file)).rejects.toThrow(/is there already/)
  expect(await readKeys()).toEqual({ current, ring })
})

test('a key is changed: rotated, everything sealed anew for every tenant, the old one taken out', async () => {
  await run('create', file)
  const { current: old } = await readKeys()
  await signIn('', 'acme')
  expect((await run('rotate', file)).code).toBe(0)
  const { current } = await readKeys()
  expect(current).not.toBe(old)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await run('reseal', '--store', store, '--keys', file)).said).toBe(`${old}: no row; it may be removed`)
  const open = await openSqlStore(store)
  for (const tenant of ['', 'acme'])
    expect((await open.of(tenant).connections.list({ limit: 9 })).map((row) => keyOf(row.sealed!))).toEqual([current])
  await open.close()
  expect((await run('remove', old, '--store', store, '--keys', file)).code).toBe(0)
  expect(Object.keys((await readKeys()).ring)).toEqual([current])
  expect((await run('reseal', '--store', store, '--keys', file)).said).toMatch(/one key/)
})

test('a key that rows need, the one that seals and one that is not there are not taken out', async () => {
  await run('create', file)
  const lost = await readKeys()
  await signIn('acme')
  await rm(file)
  await run('create', file)
  const { current } = await readKeys()
  const ring = { current, ring: { ...(await readKeys()).ring, [`${lost.current}x`]: lost.ring[lost.current]! } }
  await writeFile(file, JSON.stringify(ring))
  await expect(run('remove', current, '--store', store, '--keys', file)).rejects.toThrow(/rotate first/)
  await expect(run('remove', 'none', '--store', store, '--keys', file)).rejects.toThrow(/has no key none/)
  await writeFile(
    file,
    JSON.stringify({ current: 'b', ring: { b: Object.values(ring.ring)[0], [lost.current]: Object.values(ring.ring)[0] } }),
  )
  await expect(run('remove', lost.current, '--store', store, '--keys', file)).rejects.toThrow(/1 rows are sealed/)
  expect((await run('reseal', '--store', store, '--keys', file)).code).toBe(1)
})

test.each([
  [['burn'], /write create, rotate, reseal or remove/],
  [[], /write create/],
  [['rotate', '/no/such/file'], /cannot be read/],
  [['reseal', '--keys', '/no/such/file'], /cannot be read/],
])('a command that cannot work is refused in one sentence: %j', async (words, sentence) => {
  await expect(run(...words)).rejects.toThrow(sentence)
})

test('a file with something else in it is refused, and not quoted', async () => {
  await writeFile(file, '{"current":"a","ring":{"a":"too-secret-to-print"}}')
  await expect(run('rotate', file)).rejects.toThrow(/^(?!.*too-secret).*32 random bytes/)
  await writeFile(file, 'too-secret-to-print')
  await expect(run('rotate', file)).rejects.toThrow(/^(?!.*too-secret).*cannot be read as JSON/)
  await expect(run('reseal', '--keys', file, '--store', store)).rejects.toThrow(/cannot be read/)
})

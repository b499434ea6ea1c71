import { expect, test } from 'vitest'
import { memoryStore } from '../../stores/memory.ts'
import { randomToken } from './base64.ts'
import { createKeys, KeyRing } from './key-ring.ts'
import { Vault } from '../tokens/token-vault.ts'

const [older, newer] = [randomToken(), randomToken()]
const person = { issuer: 'https://erp.example.com', subject: 'sam', name: 'Sam', email: null }
const tokens = {
  access: 'the-access-token',
  refresh: 'the-refresh-token',
  scopes: ['openid'],
  idToken: undefined,
  issuedAt: 0,
  expiresAt: 1000,
}

test('a sealed value opens with its key and its place alone', async () => {
  const ring = new KeyRing(createKeys())
  const sealed = await ring.seal('secret', 'row 1')
  expect(sealed).not.toContain('secret')
  expect(await ring.open(sealed, 'row 1')).toBe('secret')
  expect(await ring.open(sealed, 'row 2')).toBeUndefined()
  expect(await ring.open(`${sealed.slice(0, -2)}AA`, 'row 1')).toBeUndefined()
  expect(await ring.open('rubbish', 'row 1')).toBeUndefined()
  expect(await new KeyRing(createKeys()).open(sealed, 'row 1')).toBeUndefined()
})

test('equal values are sealed differently', async () => {
  const ring = new KeyRing(createKeys())
  expect(await ring.seal('secret', 'row')).not.toBe(await ring.seal('secret', 'row'))
})

test('after a change of keys the old one still opens and the new one seals', async () => {
  const sealed = await new KeyRing({ current: 'a', ring: { a: older } }).seal('secret', 'row')
  const changed = new KeyRing({ current: 'b', ring: { a: older, b: newer } })
  expect(await changed.open(sealed, 'row')).toBe('secret')
  expect(await changed.seal('secret', 'row')).toMatch(/^b\./)
})

test.each([
  [{ current: 'b', ring: { a: older } }, /current key b/],
  [{ current: 'a', ring: { a: 'short' } }, /32 random bytes/],
  [{ current: 'a', ring: { a: '%%%' } }, /32 random bytes/],
  [{ current: 'a.b', ring: { 'a.b': older } }, /letters, digits/],
])('a key ring that cannot work is refused: %j', (keys, sentence) => {
  expect(() => new KeyRing(keys)).toThrow(sentence)
})

test('the vault stores no token in clear, and a row put in the place of another does not open', async () => {
  const store = memoryStore()
  const vault = new Vault(store.of('').connections, new KeyRing(createKeys()))
  const { connection } = await vault.keep(person, tokens)
  expect(JSON.stringify(await store.of('').connections.read(connection.id))).not.toMatch(/the-(access|refresh)-token/)
  expect(await vault.read(connection.id)).toMatchObject({ access: tokens.access, refresh: tokens.refresh })
  const { connection: other } = await vault.keep({ ...person, subject: 'eve' }, tokens)
  await store.of('').connections.compareAndSwap({ ...other, sealed: connection.sealed, version: other.version + 1 })
  expect(await vault.read(other.id)).toBeUndefined()
})

test('a person who signs in again keeps the connection, and the tokens replaced are named', async () => {
  const vault = new Vault(memoryStore().of('').connections, new KeyRing(createKeys()))
  const first = await vault.keep(person, tokens)
  const second = await vault.keep({ ...person, name: 'Samantha' }, { ...tokens, access: 'next', scopes: ['openid', 'Item:read'] })
  expect(first.replaced).toBeUndefined()
  expect(second.replaced?.refresh).toBe(tokens.refresh)
  expect(second.connection).toMatchObject({ id: first.connection.id, version: 2, name: 'Samantha', scopes: ['openid', 'Item:read'] })
})

test('D10 J04 tokens moved from the row of one tenant to the same row of another do not open', async () => {
  const [store, ring] = [memoryStore(), new KeyRing(createKeys())]
  const [acme, other, alone] = ['acme', 'other', ''].map((tenant) => new Vault(store.of(tenant).connections, ring, { tenant }))
  const { connection } = await acme!.keep(person, tokens)
  for (const tenant of ['other', '']) await store.of(tenant).connections.insert(connection)
  expect(await acme!.read(connection.id)).toMatchObject({ access: tokens.access })
  expect(await other!.read(connection.id)).toBeUndefined()
  expect(await alone!.read(connection.id)).toBeUndefined()
  expect(await alone!.whyShut(connection.id)).toBe('keys-lost')
})

test('tokens that are kept open are not given for a row that was written since', async () => {
  const store = memoryStore().of('')
  const ring = new KeyRing(createKeys())
  const [reader, writer] = [new Vault(store.connections, ring), new Vault(store.connections, ring)]
  const { connection } = await writer.keep(person, { ...tokens, idToken: 'the-id-token' })
  expect(await reader.read(connection.id)).toMatchObject({ access: tokens.access, idToken: 'the-id-token' })
  const written = await writer.write(connection, { ...tokens, access: 'next' })
  expect(await reader.read(connection.id)).toMatchObject({ access: 'next', idToken: null })
  await writer.turn(written!.connection, 'revoked', 'taken away')
  expect(await reader.read(connection.id)).toBeUndefined()
  expect(await reader.whyShut(connection.id)).toBe('revoked')
  await writer.keep(person, tokens)
  await writer.remove(connection.id)
  expect(await reader.read(connection.id)).toBeUndefined()
})

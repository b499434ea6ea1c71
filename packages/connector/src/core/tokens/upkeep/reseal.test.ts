import { beforeEach, expect, test } from 'vitest'
import type { ConnectorStore } from '../../../stores/connector-store.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { randomToken } from '../../sealing/base64.ts'
import { createKeys, KeyRing, keyOf, rotateKeys, type Keys } from '../../sealing/key-ring.ts'
import { registrationPlace } from '../../setup/registration.ts'
import { resealStore } from './reseal.ts'
import { Vault } from '../token-vault.ts'

const tokens = { access: 'access', refresh: 'refresh', scopes: ['openid'], idToken: undefined, issuedAt: 0, expiresAt: 1000 }
const person = (subject: string) => ({ issuer: 'https://erp.example.com', subject, name: 'Sam', email: null })
const vaultOf = (keys: Keys): Vault => new Vault(store.of('').connections, new KeyRing(keys))

let store: ConnectorStore
let older: Keys
let newer: Keys
beforeEach(() => {
  store = memoryStore()
  older = createKeys()
  newer = rotateKeys(older)
})

test('everything in a store of several pages moves to the new key, and the old one may be taken out', async () => {
  for (let count = 0; count < 450; count++) await vaultOf(older).keep(person(`sam-${count}`), tokens)
  expect(await resealStore(store, [''], newer)).toEqual(new Map([[older.current, 0]]))
  const rows = await store.of('').connections.list({ after: '', limit: 1000 })
  expect(rows).toHaveLength(450)
  expect(new Set(rows.map((row) => keyOf(row.sealed!)))).toEqual(new Set([newer.current]))
  const alone = { current: newer.current, ring: { [newer.current]: newer.ring[newer.current]! } }
  expect(await vaultOf(alone).read(rows[0]!.id)).toMatchObject({ access: 'access', refresh: 'refresh' })
})

test('a second run changes nothing, and ended access stays ended', async () => {
  const { connection } = await vaultOf(older).keep(person('sam'), tokens)
  const { connection: ended } = await vaultOf(older).keep(person('eve'), tokens)
  await vaultOf(older).turn(ended, 'needs-sign-in', 'expired')
  await resealStore(store, [''], newer)
  expect(await store.of('').connections.read(connection.id)).toMatchObject({ version: 2 })
  await resealStore(store, [''], newer)
  expect(await store.of('').connections.read(connection.id)).toMatchObject({ version: 2 })
  expect(await store.of('').connections.read(ended.id)).toMatchObject({ sealed: null, version: 2 })
})

test('what does not open is counted under its key, and left as it is', async () => {
  const lost = { current: 'lost', ring: { lost: randomToken() } }
  const { connection } = await vaultOf(lost).keep(person('sam'), tokens)
  const { connection: altered } = await vaultOf(older).keep(person('eve'), tokens)
  await store.of('').connections.compareAndSwap({ ...altered, sealed: connection.sealed!.replace(lost.current, older.current), version: 2 })
  expect(await resealStore(store, [''], newer)).toEqual(
    new Map([
      [older.current, 1],
      [lost.current, 1],
    ]),
  )
  expect((await store.of('').connections.read(connection.id))?.sealed).toBe(connection.sealed)
})

test('tokens that were renewed meanwhile are not written over', async () => {
  const { connection } = await vaultOf(older).keep(person('sam'), tokens)
  const { connections } = store.of('')
  const list = connections.list.bind(connections)
  connections.list = async (page) => {
    const rows = await list(page)
    await vaultOf(older).write(connection, { ...tokens, access: 'renewed' })
    return rows
  }
  expect(await resealStore(store, [''], newer)).toEqual(new Map([[older.current, 0]]))
  expect(await vaultOf(newer).read(connection.id)).toMatchObject({ access: 'renewed', connection: { version: 3 } })
})

test('keys that are rotated twice at one moment have two names', () => {
  const twice = rotateKeys(newer)
  expect(Object.keys(twice.ring)).toHaveLength(3)
  expect(twice.ring).toMatchObject(newer.ring)
  expect(() => new KeyRing(twice)).not.toThrow()
})

test('stopped in the middle, everything opens, and a second run does the rest', async () => {
  for (let count = 0; count < 250; count++) await vaultOf(older).keep(person(`sam-${count}`), tokens)
  const { connections } = store.of('')
  const swap = connections.compareAndSwap.bind(connections)
  let writes = 0
  connections.compareAndSwap = (next) => (++writes > 120 ? Promise.reject(new Error('killed')) : swap(next))
  await expect(resealStore(store, [''], newer)).rejects.toThrow('killed')
  connections.compareAndSwap = swap
  const rows = await connections.list({ after: '', limit: 1000 })
  expect(rows.filter((row) => keyOf(row.sealed!) === newer.current)).toHaveLength(120)
  for (const row of [rows[0]!, rows.at(-1)!]) expect(await vaultOf(newer).read(row.id)).toMatchObject({ access: 'access' })
  expect(await resealStore(store, [''], newer)).toEqual(new Map([[older.current, 0]]))
})

test('secrets of registrations are sealed anew too, for every tenant', async () => {
  const place = { issuer: 'https://erp.example.com', redirectUri: 'https://app.example.com/connect/callback' }
  const sealed = async (tenant: string): Promise<string> => new KeyRing(older).seal(`secret of ${tenant}`, registrationPlace(tenant, place))
  for (const tenant of ['', 'acme']) {
    await store.of(tenant).registrations.insert({ ...place, clientId: 'shop', secret: await sealed(tenant), registeredAt: 0 })
    await store.of(tenant).registrations.insert({ ...place, redirectUri: 'public', clientId: 'shop', secret: null, registeredAt: 0 })
  }
  // Moved from the one tenant to the other it opens nowhere, and is counted.
  await store
    .of('acme')
    .registrations.insert({ ...place, redirectUri: 'moved', clientId: 'eve', secret: await sealed(''), registeredAt: 0 })
  expect(await resealStore(store, ['', 'acme'], newer)).toEqual(new Map([[older.current, 1]]))
  const stored = await store.of('acme').registrations.read(place.issuer, place.redirectUri)
  expect(keyOf(stored!.secret!)).toBe(newer.current)
  expect(await new KeyRing(newer).open(stored!.secret!, registrationPlace('acme', place))).toBe('secret of acme')
})

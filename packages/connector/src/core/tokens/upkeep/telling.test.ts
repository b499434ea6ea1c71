import { beforeEach, expect, test } from 'vitest'
import type { ConnectionState, StoredConnection } from '../../../stores/connector-store.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { connectionOf } from '../../../stores/contract/samples.fixture.ts'
import { Listeners, type ConnectorEvents } from '../../connector/events.ts'
import { createKeys, KeyRing } from '../../sealing/key-ring.ts'
import { failed, renewed, turn } from '../connection-states.ts'
import { Vault } from '../token-vault.ts'
import { tell, tellUntold } from './telling.ts'

const EVENTS = ['degraded', 'recovered', 'needs-sign-in', 'revoked'] as const
const never = new AbortController().signal

let store: ReturnType<ReturnType<typeof memoryStore>['of']>
let vault: Vault
let heard: [string, unknown][]
beforeEach(() => {
  store = memoryStore().of('')
  vault = new Vault(store.connections, new KeyRing(createKeys()))
  heard = []
})

/** A process of the app that listens to everything. */
function listening(hear: (event: string, detail: unknown) => void | Promise<void> = (...said) => void heard.push(said)) {
  const listeners = new Listeners(() => undefined)
  for (const event of EVENTS) listeners.on(event, (detail: ConnectorEvents[typeof event]) => hear(event, detail))
  return { vault, store, leases: store.leases, listeners }
}

async function inserted(values: Partial<StoredConnection>): Promise<StoredConnection> {
  const connection = connectionOf(values)
  await store.connections.insert(connection)
  return connection
}

test.each<[ConnectionState, string, object]>([
  ['degraded', 'degraded', { reason: 'late', retryAt: 7 }],
  ['active', 'recovered', {}],
  ['needs-sign-in', 'needs-sign-in', { reason: 'late' }],
  ['revoked', 'revoked', { reason: 'late' }],
])('a state that the app does not know yet (%s) is told as %s, once', async (untold, event, detail) => {
  const { id } = await inserted({ state: untold, untold, reason: 'late', retryAt: 7 })
  expect(await tellUntold(listening(), never)).toBe(1)
  expect(heard).toEqual([[event, { connection: id, ...detail }]])
  expect(await tellUntold(listening(), never)).toBe(0)
  expect((await store.connections.read(id))?.untold).toBeNull()
})

test('two processes that tell at once tell once', async () => {
  for (let count = 0; count < 30; count++) await inserted({ state: 'revoked', untold: 'revoked' })
  const told = await Promise.all([listening(), listening(), listening()].map((parts) => tellUntold(parts, never)))
  expect(told.reduce((sum, count) => sum + count)).toBe(30)
  expect(heard).toHaveLength(30)
})

test('what a process did not live to tell is told by the next, and then never again', async () => {
  const clock = { now: 0 }
  store = memoryStore({ clock: () => clock.now }).of('')
  vault = new Vault(store.connections, new KeyRing(createKeys()))
  const { id } = await inserted({ state: 'revoked', untold: 'revoked' })
  // This process is gone before its listener is through.
  void tell(
    listening(() => new Promise(() => undefined)),
    id,
  )
  expect(await tellUntold(listening(), never)).toBe(0)
  clock.now = 60_000
  expect(await tellUntold(listening(), never)).toBe(1)
  clock.now = 600_000
  expect(await tellUntold(listening(), never)).toBe(0)
  expect(heard).toHaveLength(1)
})

test('what happens to a connection while its state is told is not undone, and a newer state is told too', async () => {
  const connection = await inserted({ state: 'degraded', untold: 'degraded' })
  const parts = listening(async (event, detail) => {
    heard.push([event, detail])
    const now = await vault.connection(connection.id)
    if (event === 'degraded') await vault.turn(now!, 'revoked', 'taken away')
  })
  expect(await tell(parts, connection.id)).toBe(true)
  expect(await vault.connection(connection.id)).toMatchObject({ state: 'revoked', untold: 'revoked', unforgotten: true, sealed: null })
  expect(await tellUntold(parts, never)).toBe(1)
  expect(heard.map(([event]) => event)).toEqual(['degraded', 'revoked'])
})

test('a listener that fails has been told', async () => {
  const { id } = await inserted({ state: 'revoked', untold: 'revoked' })
  const parts = listening(() => {
    throw new Error('no')
  })
  expect(await tell(parts, id)).toBe(true)
  expect(await tellUntold(listening(), never)).toBe(0)
})

test('a process in which nobody listens leaves the telling to others', async () => {
  const { id } = await inserted({ state: 'revoked', untold: 'revoked' })
  const deaf = { ...listening(), listeners: new Listeners(() => undefined) }
  expect(await tellUntold(deaf, never)).toBe(0)
  expect(await tell(deaf, id)).toBe(false)
  expect(await tellUntold(listening(), never)).toBe(1)
})

test('what was kept for a person whose access has ended goes before the app is told', async () => {
  const { id } = await inserted({ state: 'revoked', untold: 'revoked', unforgotten: true, sealed: null })
  const parts = {
    ...listening((event) => void heard.push([event, {}])),
    forget: async (connection: string) => void heard.push(['forgotten', connection]),
  }
  await tell(parts, id)
  expect(heard).toEqual([
    ['forgotten', id],
    ['revoked', {}],
  ])
})

test('what was kept for those whose access has ended goes also where nobody listens, and is told of later', async () => {
  const { id } = await inserted({ state: 'revoked', untold: 'revoked', unforgotten: true, sealed: null })
  await inserted({ state: 'degraded', untold: 'degraded', sealed: 'sealed' })
  const forgotten: string[] = []
  const deaf = { ...listening(), listeners: new Listeners(() => undefined), forget: async (gone: string) => void forgotten.push(gone) }
  expect(await tellUntold(deaf, never)).toBe(0)
  expect(forgotten).toEqual([id])
  expect(await tellUntold(deaf, never)).toBe(0)
  expect(await tell(deaf, id)).toBe(false)
  expect(forgotten).toEqual([id])
  expect(await tellUntold(listening(), never)).toBe(2)
})

test.each<[string, Partial<StoredConnection>]>([
  ['signed in again', { state: 'active', untold: null }],
  ['signed in again, and troubled since', { state: 'degraded', untold: 'degraded' }],
])('who has %s through a process of an earlier version, which knows nothing of it, keeps what is kept', async (_, values) => {
  const { id } = await inserted({ ...values, unforgotten: true, sealed: 'k1.sealed' })
  const forget = () => Promise.reject(new Error('forgotten'))
  const deaf = { ...listening(), listeners: new Listeners(() => undefined), forget }
  expect(await tellUntold(deaf, never)).toBe(0)
  expect(await store.connections.list({ limit: 9, only: 'unforgotten' })).toEqual([])
  expect(await tellUntold({ ...listening(), forget }, never)).toBe(values.untold === null ? 0 : 1)
  expect(await store.connections.read(id)).toMatchObject({ sealed: 'k1.sealed', untold: null, unforgotten: false })
})

test('whose access ended through a process of an earlier version is forgotten before the app is told', async () => {
  const { id } = await inserted({ state: 'revoked', untold: 'revoked', unforgotten: false, sealed: null })
  await tell({ ...listening((event) => void heard.push([event, {}])), forget: async (gone) => void heard.push(['forgotten', gone]) }, id)
  expect(heard).toEqual([
    ['forgotten', id],
    ['revoked', {}],
  ])
})

test('a round that is stopped tells no more', async () => {
  await inserted({ state: 'revoked', untold: 'revoked' })
  expect(await tellUntold(listening(), AbortSignal.abort())).toBe(0)
})

test.each<[ConnectionState, ConnectionState, boolean]>([
  ['active', 'degraded', true],
  ['active', 'needs-sign-in', true],
  ['active', 'revoked', true],
  ['active', 'active', false],
  ['degraded', 'active', true],
  ['degraded', 'needs-sign-in', true],
  ['degraded', 'revoked', true],
  ['needs-sign-in', 'active', false],
  ['needs-sign-in', 'degraded', false],
  ['needs-sign-in', 'revoked', false],
  ['revoked', 'active', false],
  ['revoked', 'degraded', false],
  ['revoked', 'needs-sign-in', false],
])('from %s to %s a connection goes by itself: %s', (state, to, goes) => {
  const change = turn(connectionOf({ state }), to, 'why', 5)
  expect(change !== undefined).toBe(goes)
  if (change !== undefined) expect(change).toMatchObject({ state: to, reason: 'why', stateAt: 5, untold: to })
  if (change !== undefined && (to === 'needs-sign-in' || to === 'revoked'))
    expect(change).toMatchObject({ unforgotten: true, sealed: null, scopes: [], expiresAt: 0 })
})

test('a trouble that is over before anybody was told of it is not told at all', () => {
  const troubled = { ...connectionOf(), ...failed(connectionOf(), 'the site is down', 5, 10) }
  expect(troubled).toMatchObject({ state: 'degraded', untold: 'degraded', failures: 1, retryAt: 10 })
  expect(failed(troubled, 'still', 6, 20)).toMatchObject({ state: 'degraded', untold: 'degraded', failures: 2, retryAt: 20, stateAt: 5 })
  expect(renewed(troubled, 7)).toEqual({ state: 'active', reason: null, stateAt: 7, untold: null, failures: 0, retryAt: 0 })
  const told = { ...troubled, untold: null }
  expect(renewed(told, 7)).toMatchObject({ state: 'active', untold: 'active' })
  expect(failed({ ...told, ...renewed(told, 7) }, 'again', 8, 9)).toMatchObject({ state: 'degraded', untold: null })
})

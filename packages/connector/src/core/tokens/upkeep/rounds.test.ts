import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectionOf } from '../../../stores/contract/samples.fixture.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { Listeners } from '../../connector/events.ts'
import { UpstreamUnavailable, type OutageCode } from '../../errors.ts'
import { createKeys, KeyRing } from '../../sealing/key-ring.ts'
import { Vault } from '../token-vault.ts'
import { keepAlive, type KeepAliveStart } from './keep-alive.ts'
import { tellUntold } from './telling.ts'

const never = new AbortController().signal
const NOW = 1_800_000_000_000
const COUNT = 7
const ids = Array.from({ length: COUNT }, (_, index) => `c${index}`)

let store: ReturnType<ReturnType<typeof memoryStore>['of']>
let tried: string[]
beforeEach(async () => {
  store = memoryStore().of('')
  tried = []
  for (const id of ids)
    await store.connections.insert(connectionOf({ id, subject: id, sealed: 'x', renewedAt: 1, state: 'revoked', untold: 'revoked' }))
})
afterEach(() => void vi.useRealTimers())

/** One round, at a site that does with each connection what is told. */
function round(does: (id: string) => OutageCode | number, start?: KeepAliveStart): Promise<number> {
  const refresh = async (id: string): Promise<boolean> => {
    tried.push(id)
    const done = does(id)
    if (typeof done === 'string') throw new UpstreamUnavailable(done, 'no')
    if (done > 0) vi.advanceTimersByTime(done)
    return true
  }
  return keepAlive({ store, tokens: { refresh }, clock: () => NOW, log: () => undefined }, 1000, never, start)
}

test('a connection that the site fails to renew keeps none behind it from being renewed', async () => {
  expect(await round((id) => (id === 'c1' || id === 'c2' || id === 'c5' ? 'busy' : 0))).toBe(4)
  expect(tried).toEqual(ids)
})

test('those who have waited the longest come first', async () => {
  for (const [id, renewedAt] of [
    ['a1', 2],
    ['z1', 0],
  ] as const)
    await store.connections.insert(connectionOf({ id, subject: id, sealed: 'x', renewedAt }))
  expect(await round(() => 0)).toBe(COUNT + 2)
  expect(tried).toEqual(['z1', ...ids, 'a1'])
})

test('three failures in a row end the round, and the next begins behind them', async () => {
  const start = {}
  expect(await round((id) => (id < 'c3' ? 'busy' : 0), start)).toBe(0)
  expect(tried).toEqual(['c0', 'c1', 'c2'])
  tried = []
  expect(await round((id) => (id < 'c3' ? 'busy' : 0), start)).toBe(4)
  expect(tried).toEqual(['c3', 'c4', 'c5', 'c6', 'c0', 'c1', 'c2'])
})

test.each(['unreachable', 'timeout'] as const)('a site that is %s is asked once in a round', async (code) => {
  expect(await round(() => code)).toBe(0)
  expect(tried).toEqual(['c0'])
})

test('a round of renewals ends after a second, and the next goes on from there', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const start = {}
  expect(await round(() => 400, start)).toBe(3)
  expect(await round(() => 400, start)).toBe(3)
  expect(tried).toEqual(ids.slice(0, 6))
})

test('a round of telling ends after a second, and the next goes on from there', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const heard: string[] = []
  const listeners = new Listeners(() => undefined)
  listeners.on('revoked', ({ connection }) => {
    heard.push(connection)
    vi.advanceTimersByTime(400)
  })
  const parts = { vault: new Vault(store.connections, new KeyRing(createKeys())), store, leases: store.leases, listeners }
  const start = { after: '' }
  expect(await tellUntold(parts, never, start)).toBe(3)
  expect(await tellUntold(parts, never, start)).toBe(3)
  expect(heard).toEqual(ids.slice(0, 6))
})

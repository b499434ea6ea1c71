import { beforeEach, expect, test } from 'vitest'
import { memoryStore } from '../../stores/memory.ts'
import type { LeaseStore } from '../../stores/connector-store.ts'
import { inTurn, withLease } from './leases.ts'

const lease = { name: 'work', leaseMs: 60_000 }
let leases: LeaseStore
beforeEach(() => {
  leases = memoryStore().of('').leases
})

test('one at a time does the work, and the next one when it is done', async () => {
  let done!: (text: string) => void
  const first = withLease(leases, lease, () => new Promise<string>((resolve) => (done = resolve)))
  expect(await withLease(leases, lease, () => Promise.reject(new Error('not to be done')))).toBeUndefined()
  done('first')
  expect(await first).toEqual({ done: 'first' })
  expect(await withLease(leases, lease, async () => 'second')).toEqual({ done: 'second' })
})

test('work that fails gives the name back too', async () => {
  await expect(withLease(leases, lease, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await withLease(leases, lease, async () => undefined)).toEqual({ done: undefined })
})

test('a name that cannot be given back changes nothing of what was done, or went wrong', async () => {
  leases.release = () => Promise.reject(new Error('the store is away'))
  expect(await withLease(leases, lease, async () => 'first')).toEqual({ done: 'first' })
  const failing = withLease(leases, { ...lease, name: 'other' }, () => Promise.reject(new Error('broken')))
  await expect(failing).rejects.toThrow('broken')
})

const turn = { ...lease, waitMs: 1, waits: 3, busy: 'Another process is at it' }
const nothing = async (): Promise<undefined> => undefined

test('who waits does the work when the turn comes, or takes what the holder before has done', async () => {
  let end!: () => void
  const first = withLease(leases, lease, () => new Promise<void>((resolve) => (end = resolve)))
  let looks = 0
  const seen = async () => (++looks === 2 ? 'seen' : undefined)
  expect(await inTurn(leases, turn, () => Promise.reject(new Error('not to be done')), seen)).toBe('seen')
  const own = inTurn(
    leases,
    turn,
    async (until) => until > performance.now(),
    async () => {
      end()
      return undefined
    },
  )
  expect(await own).toBe(true)
  await first
})

test('who waits in vain is told so after a while', async () => {
  await leases.acquire('work', 'one that died', 60_000)
  await expect(inTurn(leases, turn, nothing, nothing)).rejects.toMatchObject({ code: 'busy', message: 'Another process is at it' })
})

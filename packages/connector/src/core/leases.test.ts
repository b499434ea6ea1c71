import { beforeEach, expect, test } from 'vitest'
import { memoryStore } from '../stores/memory.ts'
import { withLease } from './leases.ts'
import type { LeaseStore } from '../stores/connector-store.ts'

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

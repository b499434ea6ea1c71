import { expect, test } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import type { LeaseStore } from '../connector-store.ts'
import { ODD_NAMES } from './samples.fixture.ts'

export function leaseContract(leases: () => LeaseStore): void {
  test('of many who want a lease exactly one gets it', async () => {
    const name = randomToken()
    const got = await Promise.all(Array.from({ length: 16 }, (_, holder) => leases().acquire(name, `holder ${holder}`, 60_000)))
    expect(got.filter(Boolean)).toHaveLength(1)
  })

  test('gives a lease on when it is given back, and lets nobody else give it back', async () => {
    const name = randomToken()
    expect(await leases().acquire(name, 'a', 60_000)).toBe(true)
    await leases().release(name, 'b')
    expect(await leases().acquire(name, 'b', 60_000)).toBe(false)
    await leases().release(name, 'a')
    expect(await leases().acquire(name, 'b', 60_000)).toBe(true)
  })

  test('gives a lease on when it is over, by the clock of the store, and the former holder cannot give it back', async () => {
    const name = randomToken()
    expect(await leases().acquire(name, 'a', 30)).toBe(true)
    await expect.poll(() => leases().acquire(name, 'b', 60_000), { interval: 5 }).toBe(true)
    await leases().release(name, 'a')
    expect(await leases().acquire(name, 'c', 60_000)).toBe(false)
  })

  test.each(ODD_NAMES)('a lease may be named %j', async (name) => {
    const own = `${randomToken()}${name}`
    expect(await leases().acquire(own, 'a', 60_000)).toBe(true)
    expect(await leases().acquire(own, 'b', 60_000)).toBe(false)
  })
}

import { describe, expect, it } from 'vitest'
import { Bucket } from './bucket.ts'

const SECOND = 1_000_000

describe('a budget', () => {
  it.each([
    { rate: 1, took: 1, after: 0, wait: 1 },
    { rate: 10, took: 10, after: 0, wait: 0.1 },
    { rate: 10, took: 9, after: 0, wait: 0 },
    { rate: 10, took: 10, after: 0.05, wait: 0.05 },
    { rate: 10, took: 10, after: 0.1, wait: 0 },
    { rate: 10, took: 10, after: 3600, wait: 0 },
    { rate: 0, took: 1000, after: 0, wait: 0 },
  ])('of $rate a second after $took and $after s lets the next wait $wait s', ({ rate, took, after, wait }) => {
    const [bucket, allowance] = [new Bucket(), { requestsPerSecond: rate, concurrentRequests: 0 }]
    for (let taken = 0; taken < took; taken += 1) {
      expect(bucket.wait(allowance, SECOND)).toBe(0)
      bucket.take()
    }
    expect(bucket.wait(allowance, SECOND + after * SECOND)).toBeCloseTo(wait, 5)
  })

  it('never holds more than a second’s worth', () => {
    const [bucket, allowance] = [new Bucket(), { requestsPerSecond: 2, concurrentRequests: 0 }]
    expect(bucket.wait(allowance, 1000 * SECOND)).toBe(0)
    const taken = [1, 2, 3].map(() => {
      const wait = bucket.wait(allowance, 1000 * SECOND)
      if (wait === 0) bucket.take()
      return wait === 0
    })
    expect(taken).toEqual([true, true, false])
  })

  it('of so many at a time lets the next in when one is done', () => {
    const [bucket, allowance] = [new Bucket(), { requestsPerSecond: 0, concurrentRequests: 2 }]
    for (const _ of [1, 2]) {
      expect(bucket.wait(allowance, 0)).toBe(0)
      bucket.take()
    }
    expect(bucket.wait(allowance, 0)).toBe(1)
    bucket.release()
    expect(bucket.wait(allowance, 0)).toBe(0)
  })

  it('can be forgotten when nothing of it runs and it is full again', () => {
    const [bucket, allowance] = [new Bucket(), { requestsPerSecond: 5, concurrentRequests: 5 }]
    bucket.wait(allowance, SECOND)
    bucket.take()
    expect(bucket.isIdle(5 * SECOND)).toBe(false)
    bucket.release()
    expect(bucket.isIdle(5 * SECOND)).toBe(true)
    expect(bucket.isIdle(SECOND)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { RecentlyUsed } from './recently-used.ts'

describe('RecentlyUsed', () => {
  it('keeps what is asked for and lets go of what is not', () => {
    const kept = new RecentlyUsed<string, number>(10)
    kept.set('hot', 1)
    kept.set('cold', 2)
    for (let index = 0; index < 100; index += 1) {
      kept.set(`passing ${index}`, index)
      kept.get('hot')
    }
    expect(kept.get('hot')).toBe(1)
    expect(kept.get('cold')).toBeUndefined()
  })

  it('never holds more than twice its limit', () => {
    const kept = new RecentlyUsed<number, number>(10)
    for (let index = 0; index < 1000; index += 1) kept.set(index, index)
    const held = Array.from({ length: 1000 }, (_, index) => kept.get(index)).filter((value) => value !== undefined)
    expect(held.length).toBeLessThanOrEqual(20)
  })
})

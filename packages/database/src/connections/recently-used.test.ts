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

  // With a limit of two, one and two are of the older generation when three comes; a hit puts one into the younger one as well.
  const ofBothGenerations = (): { kept: RecentlyUsed<string, number>; held: () => (number | undefined)[] } => {
    const kept = new RecentlyUsed<string, number>(2)
    for (const [index, key] of ['one', 'two', 'three'].entries()) kept.set(key, index + 1)
    kept.get('one')
    return { kept, held: () => ['one', 'two', 'three'].map((key) => kept.get(key)) }
  }

  it('forgets one entry wherever it lies, and no other', () => {
    for (const [key, left] of [
      ['one', [undefined, 2, 3]],
      ['two', [1, undefined, 3]],
      ['three', [1, 2, undefined]],
      ['none', [1, 2, 3]],
    ] as const) {
      const { kept, held } = ofBothGenerations()
      kept.delete(key)
      expect(held()).toEqual(left)
    }
  })

  it('forgets everything, and goes on keeping what comes then', () => {
    const { kept, held } = ofBothGenerations()
    kept.clear()
    expect(held()).toEqual([undefined, undefined, undefined])
    kept.set('two', 5)
    expect(held()).toEqual([undefined, 5, undefined])
  })
})

import { describe, expect, it } from 'vitest'
import { isPending, whenThere } from './pending.ts'

/** What a query of another library is: no Promise, and waited for all the same. */
function query<T>(value: T, made: object = {}): PromiseLike<T> {
  const then: PromiseLike<T>['then'] = (...reactions) => Promise.resolve(value).then(...reactions)
  Reflect.set(made, 'then', then)
  return made as PromiseLike<T>
}

const late = {}
Reflect.set(late, 'then', 'later')

describe('A value that may be there at once', () => {
  it.each([undefined, null, 0, '', 'text', {}, [], () => undefined, late])('is there: %o', (value) => {
    expect(isPending(value)).toBe(false)
    expect(whenThere(value, (there) => [there])).toEqual([value])
  })

  it('is waited for when it is a Promise or has a `then` of its own', async () => {
    for (const value of [Promise.resolve(2), query(2), query(2, () => undefined)]) {
      expect(isPending(value)).toBe(true)
      const doubled = whenThere(value, (there) => there * 2)
      expect(doubled).toBeInstanceOf(Promise)
      expect(await doubled).toBe(4)
    }
  })
})

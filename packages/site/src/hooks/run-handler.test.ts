import { describe, expect, it } from 'vitest'
import { runHandler } from './run-handler.ts'

/** What waits as a query of another library does: no Promise, but with a `then`. */
function query<T>(then: PromiseLike<T>['then']): Promise<T> {
  const made = {}
  Reflect.set(made, 'then', then)
  return made as Promise<T>
}

describe('Site code that waits', () => {
  it('is given up in time, whether it waits for a Promise or for a query of another library', async () => {
    const nothing = new Promise<never>(() => {})
    for (const endless of [nothing, query(() => nothing)])
      await expect(runHandler('hooks/sales.ts', 'validate of Quote', () => endless, 5)).rejects.toThrow('has not ended within 0.005 s')
  })

  it('gives what it waited for', async () => {
    const seven = Promise.resolve(7)
    for (const waited of [7, seven, query<number>((...reactions) => seven.then(...reactions))])
      expect(await runHandler('hooks/sales.ts', 'validate of Quote', () => waited, 1000)).toBe(7)
  })
})

import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest'
import type { ConnectionStore } from '../../stores/connector-store.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'

const HOUR = 3_600_000

describe.each(['annex', 'frappe-16', 'frappe-15'] as const)('a store that fails at the write of a renewal, on %s', (kind) => {
  let site: FakeUpstream
  let app: TestApp
  let connection: Awaited<ReturnType<TestApp['connection']>>
  beforeEach(async () => {
    site = new FakeUpstream({ kind })
    app = new TestApp(site)
    await app.signIn()
    connection = await app.connection()
    app.ahead = 2 * HOUR
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => void vi.useRealTimers())

  let swap: MockInstance<ConnectionStore['compareAndSwap']>
  beforeEach(() => {
    swap = vi.spyOn(app.store.of('').connections, 'compareAndSwap')
  })
  const asked = (): number => site.requests.filter(({ body }) => body.includes('grant_type=refresh_token')).length
  /** Ends each wait between two writes at once; while anything else is under way no time passes. */
  async function ended<T>(work: Promise<T>): Promise<T> {
    const written = swap.mock.calls.length
    const state = { isOver: false }
    const over = work.finally(() => void (state.isOver = true))
    over.catch(() => undefined)
    while (!state.isOver) {
      await new Promise((resolve) => setImmediate(resolve))
      if (swap.mock.calls.length > written && vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync()
    }
    return over
  }

  test('once keeps what the site gave all the same', async () => {
    swap.mockRejectedValueOnce(new Error('the disk is full'))
    const token = await ended(connection.token())
    expect(token).toBe(site.tokens('access').at(-1))
    expect(asked()).toBe(1)
    expect(await connection.token()).toBe(token)
    expect(asked()).toBe(1)
  })

  test('in which others are always first is left alone after a while, and what the site gave is written by the next', async () => {
    swap.mockResolvedValue(false)
    await expect(ended(connection.token())).rejects.toMatchObject({ code: 'busy' })
    expect(swap.mock.calls.length).toBeLessThan(100)
    swap.mockRestore()
    expect(await ended(connection.token())).toBe(site.tokens('access').at(-1))
    expect(asked()).toBe(1)
  })

  test('for longer than a lease asks the site nothing with a spent token: the next renewal writes what it gave', async () => {
    swap.mockRejectedValue(new Error('the disk is full'))
    await expect(ended(connection.token())).rejects.toThrow('the disk is full')
    expect(swap.mock.calls.length).toBeGreaterThan(5)
    await expect(ended(connection.token())).rejects.toThrow('the disk is full')
    site.clock.advance(60_000)
    swap.mockRestore()
    const token = await ended(connection.token())
    expect(token).toBe(site.tokens('access').at(-1))
    expect(asked()).toBe(1)
    expect(await connection.state()).toMatchObject({ state: 'active' })
    app.ahead += 2 * HOUR
    expect(await ended(connection.token())).not.toBe(token)
    expect(asked()).toBe(2)
  })

  test('for so long that what the site gave is over as well renews with its refresh token', async () => {
    swap.mockRejectedValue(new Error('the disk is full'))
    await expect(ended(connection.token())).rejects.toThrow('the disk is full')
    swap.mockRestore()
    app.ahead += 2 * HOUR
    expect(await ended(connection.token())).toBe(site.tokens('access').at(-1))
    expect(asked()).toBe(2)
  })
})

import { describe, expect, it, vi } from 'vitest'
import { Tidying } from './tidying.ts'

const MINUTE = 60_000

describe('tidying', () => {
  it('goes on behind a step that fails, which is told', async () => {
    const [done, faults]: [string[], unknown[]] = [[], []]
    const fault = new Error('the disk is full')
    const steps = [async () => done.push('first'), () => Promise.reject(fault), async () => done.push('last')]
    const tidying = new Tidying(steps, (error) => faults.push(error))
    await tidying.run()
    expect([done, faults]).toEqual([['first', 'last'], [fault]])
    await tidying.close()
  })

  it('runs once at a time, and again when it is asked later', async () => {
    let [runs, open] = [0, (): void => {}]
    const gate = new Promise<void>((resolve) => (open = resolve))
    const tidying = new Tidying([() => ((runs += 1), gate)], () => {})
    const both = [tidying.run(), tidying.run()]
    open()
    await Promise.all(both)
    expect(runs).toBe(1)
    await tidying.run()
    expect(runs).toBe(2)
    await tidying.close()
  })

  it('ends with the batch that it is at when the process ends, and begins no other step', async () => {
    const [batches, later]: [number[], number[]] = [[], []]
    let [open, began] = [(): void => {}, (): void => {}]
    const gate = new Promise<void>((resolve) => (open = resolve))
    const first = new Promise<void>((resolve) => (began = resolve))
    const long = async (isOver: () => boolean): Promise<void> => {
      for (let batch = 1; batch <= 100 && !isOver(); batch += 1) {
        batches.push(batch)
        began()
        await gate
      }
    }
    const tidying = new Tidying([long, async () => later.push(1)], () => {})
    void tidying.run()
    await first
    const closed = tidying.close()
    open()
    await closed
    expect([batches, later]).toEqual([[1], []])
  })

  it('comes five minutes after the start, then each hour, and never once it is closed', async () => {
    vi.useFakeTimers()
    try {
      let runs = 0
      const tidying = new Tidying([async () => (runs += 1)], () => {})
      const after = async (milliseconds: number): Promise<number> => {
        await vi.advanceTimersByTimeAsync(milliseconds)
        return runs
      }
      expect([await after(5 * MINUTE - 1), await after(1)]).toEqual([0, 1])
      expect([await after(55 * MINUTE - 1), await after(1), await after(60 * MINUTE - 1), await after(1)]).toEqual([1, 2, 2, 3])
      const unused = new Tidying([async () => (runs += 100)], () => {})
      await unused.close()
      await tidying.close()
      expect([await after(600 * MINUTE), vi.getTimerCount()]).toEqual([3, 0])
    } finally {
      vi.useRealTimers()
    }
  })

  it('tells its steps that it is not over while it is not', async () => {
    const asked: boolean[] = []
    const tidying = new Tidying([async (isOver) => asked.push(isOver())], () => {})
    await tidying.run()
    await tidying.close()
    await tidying.run()
    expect(asked).toEqual([false])
  })
})

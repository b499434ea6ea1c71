import { expect, test } from 'vitest'
import type { Worked } from '../room.ts'
import { Worker, type Duty } from './work.ts'

const none = (): undefined => undefined

function duty(name: string, does: Partial<Worked> = {}, isArriving = true): Duty & { runs: number; ran: Promise<void> } {
  let told: () => void = none
  const one = {
    name,
    everyMs: 60_000,
    isArriving,
    runs: 0,
    ran: new Promise<void>((resolve) => (told = resolve)),
    run: () => {
      one.runs += 1
      told()
      return Promise.resolve(does)
    },
  }
  return one
}

test('a round does everything once and says how much', async () => {
  const worker = new Worker([duty('inbox', { inbox: 2 }), duty('telling', { told: 1 }), duty('inbox', { inbox: 1 })], none)
  expect(await worker.work()).toEqual({ inbox: 3, told: 1, renewed: 0, swept: 0 })
})

test('a duty that fails is logged by name and leaves the others alone', async () => {
  const logged: unknown[] = []
  const broken: Duty = { name: 'keep-alive', everyMs: 1000, run: () => Promise.reject(new Error('the store is away')) }
  const worker = new Worker([broken, duty('telling', { told: 1 })], (event, detail) => logged.push([event, detail]))
  expect((await worker.work()).told).toBe(1)
  expect(logged).toEqual([['work-failed', { duty: 'keep-alive', error: 'the store is away' }]])
})

test('rounds of a duty never overlap', async () => {
  let [under, most] = [0, 0]
  const slow: Duty = {
    name: 'slow',
    everyMs: 1000,
    run: async () => {
      most = Math.max(most, (under += 1))
      await new Promise(setImmediate)
      under -= 1
      return {}
    },
  }
  const worker = new Worker([slow], none)
  await Promise.all([worker.work(), worker.work(), worker.work()])
  expect(most).toBe(1)
})

test('a worker works at once, again when it is woken, and not after it was stopped', async () => {
  const [inbox, rest] = [duty('inbox'), duty('rest', {}, false)]
  const worker = new Worker([inbox, rest], none)
  const working = worker.start()
  await Promise.all([inbox.ran, rest.ran])
  expect([inbox.runs, rest.runs]).toEqual([1, 1])
  worker.wake()
  await expect.poll(() => inbox.runs).toBe(2)
  expect(rest.runs).toBe(1)
  await working.stop()
  worker.wake()
  await new Promise(setImmediate)
  expect([inbox.runs, rest.runs]).toEqual([2, 1])
})

test('a duty that takes long holds up no other', async () => {
  let end: () => void = none
  const long: Duty = { name: 'long', everyMs: 60_000, run: () => new Promise((resolve) => (end = () => resolve({}))) }
  const inbox = duty('inbox')
  const worker = new Worker([long, inbox], none)
  const working = worker.start()
  await inbox.ran
  worker.wake()
  await expect.poll(() => inbox.runs).toBe(2)
  end()
  await working.stop()
})

test('what arrives while a round is under way is worked on right after it', async () => {
  let runs = 0
  let worker: Worker | undefined
  const inbox: Duty = {
    name: 'inbox',
    everyMs: 60_000,
    isArriving: true,
    run: () => {
      runs += 1
      if (runs === 1) worker?.wake()
      return Promise.resolve({})
    },
  }
  worker = new Worker([inbox], none)
  const working = worker.start()
  await expect.poll(() => runs).toBe(2)
  await working.stop()
})

test('of two that were started each is stopped by itself', async () => {
  const inbox = duty('inbox')
  const worker = new Worker([inbox], none)
  const [first, second] = [worker.start(), worker.start()]
  await expect.poll(() => inbox.runs).toBe(2)
  await first.stop()
  const runs = inbox.runs
  worker.wake()
  await expect.poll(() => inbox.runs).toBeGreaterThan(runs)
  await second.stop()
})

test('to stop waits for the round under way, which hears that it is to end', async () => {
  let heard = false
  let begun: () => void = none
  const began = new Promise<void>((resolve) => (begun = resolve))
  const long: Duty = {
    name: 'long',
    everyMs: 1000,
    run: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          heard = true
          setImmediate(() => resolve({}))
        })
        begun()
      }),
  }
  const working = new Worker([long], none).start()
  await began
  await working.stop()
  expect(heard).toBe(true)
})

import { expect, it, vi } from 'vitest'
import { Limits } from './limits.ts'

const refusal = expect.objectContaining({
  status: 429,
  excType: 'TooManyRequestsError',
  options: { headers: { 'retry-after': expect.stringMatching(/^\d+$/) as string } },
}) as Error

it('the one too many in a window is refused and told when to come back', async () => {
  const limits = new Limits({ points: 2, seconds: 60 })
  await limits.consume('alice')
  await limits.consume('alice')
  await expect(limits.consume('alice')).rejects.toEqual(refusal)
  await limits.consume('bob')
})

it('where nothing was counted for a window nobody is held, and later each is again by what was', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  const limits = new Limits({ points: 1, seconds: 60 })
  await limits.count('alice')
  vi.advanceTimersByTime(59_000)
  await limits.count('bob')
  await expect(limits.check('alice')).rejects.toEqual(refusal)
  vi.advanceTimersByTime(59_000)
  await expect(limits.check('bob')).rejects.toEqual(refusal)
  vi.advanceTimersByTime(2000)
  expect(limits.check('bob')).toBeUndefined()
  await limits.count('bob')
  await expect(limits.check('bob')).rejects.toEqual(refusal)
  vi.useRealTimers()
})

it('failures count, checks do not, and success begins anew', async () => {
  const limits = new Limits({ points: 2, seconds: 60 })
  for (let i = 0; i < 5; i += 1) await limits.check('alice')
  await limits.count('alice')
  await limits.count('alice')
  await expect(limits.check('alice')).rejects.toEqual(refusal)
  await limits.forget('alice')
  await limits.check('alice')
})

it('who names very many is refused for the rest of them, and takes nobody else’s room', async () => {
  const limits = new Limits({ points: 2, seconds: 3600 })
  for (let i = 0; i < 135_000; i += 1) await limits.count('attacker', `invented ${i}`)
  await expect(limits.check('attacker', 'one more')).rejects.toEqual(refusal)
  await limits.check('attacker', 'invented 1')
  expect(await consumed(limits, (i) => [`bystander ${i}`, 'app'])).toBe(3000)
  expect(await consumed(limits, (i) => [`bystander ${i}`, 'app'])).toBe(3000)
})

it('who names very many at once, and well, is let pass', async () => {
  const limits = new Limits({ points: 10, seconds: 3600 })
  for (let i = 0; i < 1500; i += 1) {
    await limits.consume('office', `worker ${i}`)
    await limits.forget('office', `worker ${i}`)
  }
  for (let i = 0; i < 1000; i += 1) await limits.consume('office', `typist ${i}`)
  for (let i = 0; i < 50; i += 1) {
    await limits.consume('office', `late ${i}`)
    await limits.forget('office', `late ${i}`)
  }
})

it('of very many callers the last are counted together, so that memory is bounded, and none is let off by that', async () => {
  const limits = new Limits({ points: 1, seconds: 3600 })
  await limits.consume('alice')
  for (let i = 1; i < 100_000; i += 1) await limits.consume(`caller ${i}`)
  await expect(limits.consume('alice')).rejects.toEqual(refusal)
  const passed = await consumed(limits, (i) => [`newcomer ${i}`])
  expect(passed).toBeGreaterThan(500)
  expect(passed).toBeLessThanOrEqual(1000)
  expect(await consumed(limits, (i) => ['attacker', `invented ${i}`])).toBeLessThanOrEqual(1)
  expect(await consumed(limits, (i) => [`newcomer ${i}`])).toBe(0)
})

/** How many of three thousand are let pass. */
async function consumed(limits: Limits, key: (i: number) => [caller: string, named?: string]): Promise<number> {
  const all = await Promise.allSettled(Array.from({ length: 3000 }, (_, i) => limits.consume(...key(i))))
  return all.filter(({ status }) => status === 'fulfilled').length
}

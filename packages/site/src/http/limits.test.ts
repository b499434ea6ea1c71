import { expect, it } from 'vitest'
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

it('failures count, checks do not, and success begins anew', async () => {
  const limits = new Limits({ points: 2, seconds: 60 })
  for (let i = 0; i < 5; i += 1) await limits.check('alice')
  await limits.count('alice')
  await limits.count('alice')
  await expect(limits.check('alice')).rejects.toEqual(refusal)
  await limits.forget('alice')
  await limits.check('alice')
})

it('of very many keys the last are counted together, so that memory is bounded, and no key is let off by that', async () => {
  const limits = new Limits({ points: 1, seconds: 3600 })
  await limits.consume('alice')
  for (let i = 1; i < 100_000; i += 1) await limits.consume(`name ${i}`)
  await expect(limits.consume('alice')).rejects.toEqual(refusal)
  const passed = await consumed(limits, 'newcomer')
  expect(passed).toBeGreaterThan(500)
  expect(passed).toBeLessThanOrEqual(1000)
  for (let i = 0; i < 3000; i += 1) await limits.forget(`newcomer ${i}`)
  expect(await consumed(limits, 'newcomer')).toBe(0)
})

/** How many of three thousand new keys are let pass. */
async function consumed(limits: Limits, name: string): Promise<number> {
  const all = await Promise.allSettled(Array.from({ length: 3000 }, (_, i) => limits.consume(`${name} ${i}`)))
  return all.filter(({ status }) => status === 'fulfilled').length
}

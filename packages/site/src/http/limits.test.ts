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

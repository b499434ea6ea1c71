import { describe, expect, it } from 'vitest'
import { checkNewPassword, hashPassword, verifyPassword } from './passwords.ts'

describe('a password', () => {
  it('is kept as argon2id with a salt of its own', async () => {
    const [first, second] = await Promise.all([hashPassword('a good long one'), hashPassword('a good long one')])
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(first).not.toBe(second)
    expect(await verifyPassword(first, 'a good long one')).toBe(true)
    expect(await verifyPassword(first, 'another')).toBe(false)
  })

  it('of nobody is never right, and costs as much as anybody’s', async () => {
    const stored = await hashPassword('a good long one')
    const took = async (hash: string | undefined): Promise<number> => {
      const begun = process.hrtime.bigint()
      expect(await verifyPassword(hash, 'wrong')).toBe(false)
      return Number(process.hrtime.bigint() - begun)
    }
    // In turn, so that a busy machine slows both alike.
    let [known, unknown] = [0, 0]
    for (let i = 0; i < 8; i += 1) [known, unknown] = [known + (await took(stored)), unknown + (await took(undefined))]
    expect(unknown / known).toBeGreaterThan(0.3)
    expect(unknown / known).toBeLessThan(3)
  })

  it('is hashed for a few at a time, and refused when too many wait', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 80 }, () => verifyPassword(undefined, 'x')))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.reason).toMatchObject({ status: 429 })
    expect(await verifyPassword(undefined, 'x')).toBe(false)
  })

  it.each(['short', 'x'.repeat(513), 'Alice@Example.com'])('that is no good is refused with a sentence', (password) => {
    expect(() => checkNewPassword('alice@example.com', password)).toThrow(expect.objectContaining({ status: 417 }) as Error)
  })
})

import { describe, expect, it } from 'vitest'
import { trailKeyOf } from '../audit-signer.ts'
import { makeKeyRing, parseKeyRing, type KeyRing, type KeyState } from '../key-ring.ts'
import { PUBLISHED_AFTER_USE, readiness, ringWithNextSecret, ringWithout, rotatedRing, widenedRing } from './rotated-ring.ts'

const MINUTE = 60_000_000
const DAY = 1440 * MINUTE
const parse = (text: string): Promise<KeyRing> => parseKeyRing(text, 'here')

/** A ring, with the times at which its keys came into their states. */
async function ringOf(since: Partial<Record<KeyState, number>> = {}, text = makeKeyRing()): Promise<KeyRing> {
  const ring = await parse(text)
  const signing = ring.signing.map((key) => {
    const at = since[key.state]
    return at === undefined ? key : { ...key, since: at }
  })
  return { ...ring, signing }
}
const statesOf = (ring: KeyRing): string[] => ring.signing.map(({ alg, state }) => `${alg} ${state}`)
const withoutNext = (ring: KeyRing, alg?: string): KeyRing => ({
  ...ring,
  signing: ring.signing.filter((key) => key.state !== 'next' || (alg !== undefined && key.alg !== alg)),
})

describe('When the next key may sign', () => {
  it('is ten minutes after it was published, to the microsecond', async () => {
    const ring = await ringOf({ next: 7 * MINUTE, current: 100 * DAY })
    expect(readiness(ring.signing, 17 * MINUTE - 1)).toEqual({ ready: false, at: 17 * MINUTE })
    expect(readiness(ring.signing, 17 * MINUTE)).toEqual({ ready: true, at: 17 * MINUTE })
  })

  it('counts from now while nobody knows since when it is there', async () => {
    expect(readiness((await ringOf()).signing, 3 * MINUTE)).toEqual({ ready: false, at: 13 * MINUTE })
  })

  it('is at once where there is none', async () => {
    expect(readiness(withoutNext(await ringOf()).signing, 5)).toEqual({ ready: true, at: 0 })
  })

  it('waits for the youngest of them', async () => {
    const ring = await ringOf({ next: MINUTE }, widenedRing(await ringOf(), 'RS256'))
    const signing = ring.signing.map((key) => (key.alg === 'RS256' && key.state === 'next' ? { ...key, since: 2 * MINUTE } : key))
    expect(readiness(signing, 11 * MINUTE)).toEqual({ ready: false, at: 12 * MINUTE })
  })
})

describe('A ring after a rotation', () => {
  it('retires the current key, lets the next one sign, and has a new next one', async () => {
    const ring = await ringOf()
    const { text, tookOver } = rotatedRing(ring, 1)
    const after = await parse(text)
    expect(tookOver).toBe(true)
    expect(statesOf(after)).toEqual(['ES256 retired', 'ES256 current', 'ES256 next'])
    expect(after.signing.slice(0, 2).map(({ kid }) => kid)).toEqual(ring.signing.map(({ kid }) => kid))
    expect(after.secrets).toEqual(ring.secrets)
  })

  it('has a next key, and goes on with the current one, where it had none', async () => {
    const ring = withoutNext(await ringOf())
    const { text, tookOver } = rotatedRing(ring, 1)
    const after = await parse(text)
    expect([tookOver, statesOf(after)]).toEqual([false, ['ES256 current', 'ES256 next']])
    expect(after.signing[0]?.kid).toBe(ring.signing[0]?.kid)
  })

  it('rotates each of its algorithms, and none that it has not', async () => {
    const both = await ringOf({}, widenedRing(await ringOf(), 'RS256'))
    expect(statesOf(await parse(rotatedRing(both, 1).text))).toEqual([
      'ES256 retired',
      'ES256 current',
      'RS256 retired',
      'RS256 current',
      'ES256 next',
      'RS256 next',
    ])
    const half = rotatedRing(withoutNext(both, 'RS256'), 1)
    expect([half.tookOver, statesOf(await parse(half.text))]).toEqual([
      true,
      ['ES256 retired', 'ES256 current', 'RS256 current', 'ES256 next', 'RS256 next'],
    ])
  })

  it('keeps retired keys for thirty days, for id_tokens that come back as hints', async () => {
    const ring = await ringOf({ retired: 5 * DAY }, rotatedRing(await ringOf(), 1).text)
    expect(statesOf(await parse(rotatedRing(ring, 35 * DAY - 1).text))).toEqual([
      'ES256 retired',
      'ES256 retired',
      'ES256 current',
      'ES256 next',
    ])
    expect(statesOf(await parse(rotatedRing(ring, 35 * DAY).text))).toEqual(['ES256 retired', 'ES256 current', 'ES256 next'])
    const unknown = await ringOf({}, rotatedRing(await ringOf(), 1).text)
    expect(statesOf(await parse(rotatedRing(unknown, 1000 * DAY).text))).toHaveLength(4)
  })

  it('drops no key that is in use, however old it is', async () => {
    const ring = await ringOf({ current: 1, next: 1 })
    expect(statesOf(await parse(rotatedRing(ring, 1000 * DAY).text))).toHaveLength(3)
  })
})

describe('A ring with one more algorithm', () => {
  it('has what it had, and a current and a next key of it', async () => {
    const ring = await ringOf()
    const after = await parse(widenedRing(ring, 'RS256'))
    expect(statesOf(after)).toEqual(['ES256 current', 'ES256 next', 'RS256 current', 'RS256 next'])
    expect(after.signing.slice(0, 2).map(({ kid }) => kid)).toEqual(ring.signing.map(({ kid }) => kid))
    expect(after.secrets).toEqual(ring.secrets)
  })
})

it('A retired key is published for two hours: an hour longer than its last id_token holds', () => {
  expect(PUBLISHED_AFTER_USE).toBe(120 * MINUTE)
})

describe('A ring after a rotation of its secret key', () => {
  const secretsOf = ({ secrets }: KeyRing): string[] => secrets.map(({ version, state }) => `${version} ${state}`)

  it('uses the next one, keeps the one before for what hangs on it, and has a new next one', async () => {
    const ring = await ringOf()
    const { text, tookOver } = ringWithNextSecret(ring)
    const after = await parse(text)
    expect([tookOver, secretsOf(after)]).toEqual([true, ['2 current', '1 retired', '3 next']])
    expect(after.secrets.slice(0, 2).map(({ kid }) => kid)).toEqual(ring.secrets.map(({ kid }) => kid).toReversed())
    expect(statesOf(after)).toEqual(statesOf(ring))
    expect(new Set(after.secrets.map(({ key }) => key.toString('hex'))).size).toBe(3)
    const again = await parse(ringWithNextSecret(after).text)
    expect(secretsOf(again)).toEqual(['3 current', '2 retired', '1 retired', '4 next'])
  })

  it('has a next one, and goes on with the current one, where it had none', async () => {
    const ring = await ringOf()
    const { text, tookOver } = ringWithNextSecret({ ...ring, secrets: [ring.secrets[0]] })
    const after = await parse(text)
    expect([tookOver, secretsOf(after)]).toEqual([false, ['1 current', '2 next']])
    expect(after.secrets[0]).toEqual(ring.secrets[0])
  })

  it('gives the new one a version that no other has, from 1 to 9, a to z and 0', async () => {
    const { signing, secrets } = await ringOf()
    let ring: KeyRing = { signing, secrets: [secrets[0]] }
    let versions = ''
    for (let count = 1; count < 36; count += 1) {
      ring = await parse(ringWithNextSecret(ring).text)
      versions += ring.secrets.at(-1)?.version
    }
    expect(versions).toBe('23456789abcdefghijklmnopqrstuvwxyz0')
    expect(() => ringWithNextSecret(ring)).toThrow(
      new Error('The key ring is full; annex keys reseal says which retired keys nothing hangs on, and those can be taken out of it'),
    )
  })

  it('may be without a retired one, and never without one that is in use', async () => {
    const ring = await parse(ringWithNextSecret(await ringOf()).text)
    const [current, retired, next] = ring.secrets.map(({ kid }) => kid)
    const after = await parse(ringWithout(ring, retired!))
    expect(secretsOf(after)).toEqual(['2 current', '3 next'])
    expect(after.signing.map(({ kid }) => kid)).toEqual(ring.signing.map(({ kid }) => kid))
    const { signing, secrets } = ring
    for (const without of [after, await parse(ringWithout({ signing, secrets }, retired!))])
      expect(without.trailKeys).toEqual([trailKeyOf(ring.secrets[1]!)])
    const later = await parse(ringWithout(await parse(ringWithNextSecret(after).text), current!))
    expect(later.trailKeys).toEqual([trailKeyOf(ring.secrets[1]!), trailKeyOf(ring.secrets[0])])
    for (const text of [rotatedRing(later, 0).text, widenedRing(later, 'RS256'), ringWithNextSecret(later).text])
      expect((await parse(text)).trailKeys).toEqual(later.trailKeys)
    expect(() => ringWithout(ring, current!)).toThrow(new Error(`The key ${current} is current; rotate first, and seal everything anew`))
    expect(() => ringWithout(ring, next!)).toThrow(new Error(`The key ${next} is next; rotate first, and seal everything anew`))
    expect(() => ringWithout(ring, 'k'.repeat(60))).toThrow(
      new Error(`The key ring has no secret key ${'k'.repeat(40)}; annex keys list shows those that it has`),
    )
  })
})

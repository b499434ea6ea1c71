import { describe, expect, it } from 'vitest'
import type { KeyRing, SecretKey } from '../keys/key-ring.ts'
import { hashOf, isAccessToken } from '../token-text.ts'
import { makeAccess, makePair, repeatedPair, succeedingPair } from './token-pair.ts'

const key = (version: string): SecretKey => ({ kid: version, version, state: 'current', key: Buffer.alloc(32, version) })
const ring = (...versions: [string, ...string[]]): KeyRing => {
  const [first, ...others] = versions
  return { signing: [], secrets: [key(first), ...others.map(key)] }
}
const TOKEN = 'rt1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

describe('a pair of tokens', () => {
  it('is random when it is the first, and says which key stands behind it', () => {
    const [one, other] = [makePair(ring('2', '1')), makePair(ring('2', '1'))]
    expect([one.access.slice(0, 4), one.refresh.slice(0, 4), makeAccess(ring('2')).slice(0, 4)]).toEqual(['at2_', 'rt2_', 'at2_'])
    expect(new Set([one.access, one.refresh, other.access, other.refresh].map((text) => text.slice(4))).size).toBe(4)
    expect([isAccessToken(one.access), isAccessToken(one.refresh), isAccessToken(makeAccess(ring('2')))]).toEqual([true, false, true])
  })

  it('that follows a refresh token is always the same for it and the key, and another for any other', () => {
    const next = succeedingPair(key('1'), TOKEN)
    expect(succeedingPair(key('1'), TOKEN)).toEqual(next)
    expect([next.access.slice(0, 4), next.refresh.slice(0, 4)]).toEqual(['at1_', 'rt1_'])
    const others = [succeedingPair(key('2'), TOKEN), succeedingPair(key('1'), `${TOKEN.slice(0, -1)}B`)]
    expect(new Set([next, ...others].flatMap(({ access, refresh }) => [access.slice(4), refresh.slice(4)])).size).toBe(6)
  })

  it('is found again by the hash of its refresh token, also by a key that is not the first any more', () => {
    const old = succeedingPair(key('1'), TOKEN)
    expect(repeatedPair(ring('1'), TOKEN, hashOf(old.refresh))).toEqual(old)
    expect(repeatedPair(ring('2', '1'), TOKEN, hashOf(old.refresh))).toEqual(old)
    expect(repeatedPair(ring('2', '3'), TOKEN, hashOf(old.refresh))).toBeUndefined()
    expect(repeatedPair(ring('2', '1'), TOKEN, hashOf(old.access))).toBeUndefined()
  })
})

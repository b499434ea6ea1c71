import { describe, expect, it } from 'vitest'
import type { KeyRing, SecretKey } from '../keys/key-ring.ts'
import { hashOf, isAccessToken, timeDigits, tokenKey } from '../token-text.ts'
import { makeAccess, makePair, repeatedPair, succeedingPair } from './token-pair.ts'

const key = (version: string): SecretKey => ({ kid: version, version, state: 'current', key: Buffer.alloc(32, version) })
const ring = (...versions: [string, ...string[]]): KeyRing => {
  const [first, ...others] = versions
  return { signing: [], secrets: [key(first), ...others.map(key)] }
}
const NOW = Date.UTC(2026, 10, 23) * 1000
const TOKEN = 'rt1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

describe('a pair of tokens', () => {
  it('is random when it is the first, and says which key stands behind it', () => {
    const [one, other] = [makePair(ring('2', '1'), NOW), makePair(ring('2', '1'), NOW)]
    expect([one.access.slice(0, 4), one.refresh.slice(0, 4), makeAccess(ring('2'), NOW).slice(0, 4)]).toEqual(['at2_', 'rt2_', 'at2_'])
    expect(new Set([one.access, one.refresh, other.access, other.refresh].map((text) => text.slice(13))).size).toBe(4)
    expect([isAccessToken(one.access), isAccessToken(one.refresh), isAccessToken(makeAccess(ring('2'), NOW))]).toEqual([true, false, true])
  })

  it('that follows a refresh token is always the same for it and the key, and another for any other', () => {
    const next = succeedingPair(key('1'), TOKEN, NOW)
    expect(succeedingPair(key('1'), TOKEN, NOW)).toEqual(next)
    expect([next.access.slice(0, 4), next.refresh.slice(0, 4)]).toEqual(['at1_', 'rt1_'])
    const others = [succeedingPair(key('2'), TOKEN, NOW), succeedingPair(key('1'), `${TOKEN.slice(0, -1)}B`, NOW)]
    expect(new Set([next, ...others].flatMap(({ access, refresh }) => [access.slice(13), refresh.slice(13)])).size).toBe(6)
  })

  it('is found again by the hash of its refresh token, also by a key that is not the first any more', () => {
    const old = succeedingPair(key('1'), TOKEN, NOW)
    expect(repeatedPair(ring('1'), TOKEN, tokenKey(old.refresh))).toEqual(old)
    expect(repeatedPair(ring('2', '1'), TOKEN, tokenKey(old.refresh))).toEqual(old)
    expect(repeatedPair(ring('2', '3'), TOKEN, tokenKey(old.refresh))).toBeUndefined()
    expect(repeatedPair(ring('2', '1'), TOKEN, tokenKey(old.access))).toBeUndefined()
  })

  it('says when it was issued', () => {
    const pairs = [makePair(ring('1'), NOW), succeedingPair(key('1'), TOKEN, NOW), { access: makeAccess(ring('1'), NOW), refresh: '' }]
    for (const text of pairs.flatMap(({ access, refresh }) => [access, refresh]).filter(Boolean))
      expect(text.slice(4, 13)).toBe(timeDigits(NOW))
    const later = succeedingPair(key('1'), TOKEN, NOW + 1000)
    expect(repeatedPair(ring('1'), TOKEN, tokenKey(later.refresh))).toEqual(later)
  })

  it('of an earlier release, without a time, is found again as well', () => {
    const { refresh } = succeedingPair(key('1'), TOKEN, NOW)
    const old = `rt1_${refresh.slice(13)}`
    expect(repeatedPair(ring('2', '1'), TOKEN, hashOf(old))?.refresh).toBe(old)
  })
})

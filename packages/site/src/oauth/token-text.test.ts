import { describe, expect, it } from 'vitest'
import { hashOf, isAccessToken, isSameHash, randomText, timeDigits, timedToken, timeInKey, tokenKey, tokenText } from './token-text.ts'

const BODY = 'aZ09-_'.repeat(7) + 'x'

describe('a text of ours', () => {
  it('says what it is for and which key made it', () => {
    expect((['access', 'refresh', 'code', 'device'] as const).map((kind) => tokenText(kind, '7', BODY))).toEqual([
      `at7_${BODY}`,
      `rt7_${BODY}`,
      `ac7_${BODY}`,
      `dc7_${BODY}`,
    ])
  })

  it.each([
    [`at1_${BODY}`, true],
    [`atz_${BODY}`, true],
    [`rt1_${BODY}`, false],
    [`atA_${BODY}`, false],
    [`at12_${BODY}`, false],
    [`at_${BODY}`, false],
    [`at1_0123456av${BODY}`, true],
    [`at1_0123456aw${BODY}`, false],
    [`at1_01234567${BODY}`, false],
    [`at1_${BODY}x`, false],
    [`at1_${BODY.slice(1)}`, false],
    [`at1_${BODY.slice(1)}.`, false],
    [` at1_${BODY}`, false],
    [`at1_${BODY}\n`, false],
    ['', false],
  ])('%j is an access token: %s', (text, isSo) => {
    expect(isAccessToken(text)).toBe(isSo)
  })

  it('is of 256 random bits and never the same, however many are made', () => {
    const texts = Array.from({ length: 5000 }, () => randomText())
    expect(new Set(texts).size).toBe(5000)
    expect(texts.every((text) => /^[A-Za-z0-9_-]{43}$/.test(text))).toBe(true)
    // Of 160,000 random bytes each value is met, and none far more often than another.
    const counts = new Uint32Array(256)
    for (const byte of Buffer.concat(texts.map((text) => Buffer.from(text, 'base64url')))) counts[byte] = (counts[byte] ?? 0) + 1
    expect(Math.min(...counts)).toBeGreaterThan(400)
    expect(Math.max(...counts)).toBeLessThan(900)
  })

  it('is stored by its SHA-256', () => {
    expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('is found by its time of issue and its hash, so that later ones lie after earlier ones', () => {
    const made = Date.UTC(2026, 10, 23, 12) * 1000
    const times = [made, made + 1000, made + 32_000, made + 3600_000_000, made + 31_536_000_000_000]
    const texts = times.map((time) => timedToken('access', '1', timeDigits(time), randomText()))
    const keys = texts.map(tokenKey)
    expect(keys).toEqual(texts.map((text, index) => timeDigits(times[index] ?? 0) + hashOf(text)))
    expect(keys.toSorted()).toEqual(keys)
    expect(keys.map(timeInKey)).toEqual(times.map(timeDigits))
    expect(Number.parseInt(timeInKey(keys[0] ?? ''), 32)).toBe(made / 1000)
  })

  it.each([
    `at1_${BODY}`,
    `rt1_${BODY}`,
    `dc1_0123456av${BODY}`,
    `at1_0123456aw${BODY}`,
    `at1_012345\0\0\0${BODY}`,
    `at1_0123456av${BODY}x`,
    `at1_0123456av${BODY}\n`,
    'abc',
    '',
  ])('%j has no time, and is found by its hash alone', (text) => {
    expect(tokenKey(text)).toBe(hashOf(text))
    expect(timeInKey(tokenKey(text))).toBe('')
  })

  it.each([
    ['abcd', 'abcd', true],
    ['abcd', 'abce', false],
    ['abcd', 'abc', false],
    ['', '', true],
  ])('%j and %j are the same hash: %s', (a, b, isSo) => {
    expect(isSameHash(a, b)).toBe(isSo)
  })
})

import { describe, expect, it } from 'vitest'
import { hashOf, isAccessToken, isSameHash, randomText, tokenText } from './token-text.ts'

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

  it.each([
    ['abcd', 'abcd', true],
    ['abcd', 'abce', false],
    ['abcd', 'abc', false],
    ['', '', true],
  ])('%j and %j are the same hash: %s', (a, b, isSo) => {
    expect(isSameHash(a, b)).toBe(isSo)
  })
})

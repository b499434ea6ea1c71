import { hash, randomFillSync, timingSafeEqual } from 'node:crypto'

/** What a text of ours is for, as its first two letters say. */
export type TokenKind = 'access' | 'refresh' | 'code' | 'device'
const LETTERS: Readonly<Record<TokenKind, string>> = { access: 'at', refresh: 'rt', code: 'ac', device: 'dc' }
const ACCESS = /^at[0-9a-z]_(?:[0-9a-v]{9})?[A-Za-z0-9_-]{43}$/

/** The time of issue is in it (see `timedToken`); earlier releases gave out texts without. */
const TIMED = /^(?:[ar]t|ac)[0-9a-z]_([0-9a-v]{9})[A-Za-z0-9_-]{43}$/
const TIME_DIGITS = 9
const TIME_BASE = 32

/** SHA-256, hex: the only form in which what we hand out is stored or compared. Texts of 256 random bits need no salt. */
export const hashOf = (text: string): string => hash('sha256', text, 'hex')

/**
 * What a code or a token is stored and found by: its time of issue, then its hash. So the keys of new ones lie side by side at the end
 * of the index, and not each on a page of its own. Of any other text it is the hash alone.
 */
export function tokenKey(text: string): string {
  const time = TIMED.exec(text)?.[1] ?? ''
  return time + hashOf(text)
}

/** The time in a key, as `timedToken` takes it; empty in those of earlier releases. */
export const timeInKey = (key: string): string => key.slice(0, -64)

/** A time in microseconds as nine digits to the base of 32, milliseconds since 1970: later times come later in the alphabet. */
export const timeDigits = (micros: number): string =>
  Math.floor(micros / 1000)
    .toString(TIME_BASE)
    .padStart(TIME_DIGITS, '0')

export const isAccessToken = (text: string): boolean => ACCESS.test(text)

/** Random bytes are asked of the system for so many texts at a time: each call takes longer than all else that makes a token. */
const pool = Buffer.allocUnsafeSlow(128 * 32)
let used = pool.length

/** 256 random bits as 43 url-safe characters. Each bit is handed out once, and nothing of it stays behind. */
export function randomText(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = pool.subarray(used, (used += 32))
  const text = bytes.toString('base64url')
  bytes.fill(0)
  return text
}

/** A four-character prefix (kind, version of the secret key) and 43 characters: fits a Data field and a URL segment. */
export const tokenText = (kind: TokenKind, version: string, body: string): string => `${LETTERS[kind]}${version}_${body}`

/** As `tokenText`, with the time of issue (of `timeDigits`) before the rest: of what a table holds millions of. */
export const timedToken = (kind: 'access' | 'refresh' | 'code', version: string, time: string, body: string): string =>
  tokenText(kind, version, time + body)

/** Whether two hashes are the same, in a time that does not depend on where they differ. */
export const isSameHash = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

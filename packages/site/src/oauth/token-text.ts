import { hash, randomFillSync, timingSafeEqual } from 'node:crypto'

/** What a text of ours is for, as its first two letters say. */
export type TokenKind = 'access' | 'refresh' | 'code' | 'device'
const LETTERS: Readonly<Record<TokenKind, string>> = { access: 'at', refresh: 'rt', code: 'ac', device: 'dc' }
const ACCESS = /^at[0-9a-z]_[A-Za-z0-9_-]{43}$/

/** SHA-256, hex: the only form in which a token is stored or compared. Texts of 256 random bits need no salt. */
export const hashOf = (text: string): string => hash('sha256', text, 'hex')

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

/** Whether two hashes are the same, in a time that does not depend on where they differ. */
export const isSameHash = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a text of ours is for, as its first two letters say. */
export type TokenKind = 'access' | 'refresh' | 'code' | 'device'
const LETTERS: Readonly<Record<TokenKind, string>> = { access: 'at', refresh: 'rt', code: 'ac', device: 'dc' }
const ACCESS = /^at[0-9a-z]_[A-Za-z0-9_-]{43}$/

/** SHA-256, hex: the only form in which a token is stored or compared. Texts of 256 random bits need no salt. */
export const hashOf = (text: string): string => hash('sha256', text, 'hex')

export const isAccessToken = (text: string): boolean => ACCESS.test(text)

/** 256 bits as 43 url-safe characters. */
export const randomText = (): string => randomBytes(32).toString('base64url')

/** A four-character prefix (kind, version of the rotation key) and 43 characters: fits a Data field and a URL segment. */
export const tokenText = (kind: TokenKind, version: string, body: string): string => `${LETTERS[kind]}${version}_${body}`

/** Whether two hashes are the same, in a time that does not depend on where they differ. */
export const isSameHash = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

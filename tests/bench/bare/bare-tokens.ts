import { hash, randomBytes } from 'node:crypto'

const TIME_DIGITS = 9

export const sha256 = (text: string): string => hash('sha256', text, 'hex')

/** A text as the site makes it: what it is for, the time of its issue, 256 random bits. */
export const newToken = (prefix: 'at' | 'rt'): string =>
  `${prefix}1_${Date.now().toString(32).padStart(TIME_DIGITS, '0')}${randomBytes(32).toString('base64url')}`

/** What the site finds a code or a token by: the time that is in its text, then its hash. */
export const keyOf = (text: string): string => text.slice(4, 4 + TIME_DIGITS) + sha256(text)

import { createHmac, randomInt } from 'node:crypto'
import type { KeyRing, SecretKey } from '../keys/key-ring.ts'

/** No vowels, so that no code is a word, and none of a pair that look alike. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8

/**
 * What a person reads off a device and types: eight letters, `WDJB-MJHT`.
 *
 * @see RFC 8628 section 6.1
 */
export function makeUserCode(): string {
  return shown(Array.from({ length: LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join(''))
}

/** A typed code as it was shown: in capitals, with its hyphen, whatever was typed between the letters; undefined when it cannot be one. */
export function readUserCode(typed: string): string | undefined {
  const letters = typed
    .slice(0, 100)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
  return letters.length === LENGTH && [...letters].every((letter) => LETTERS.includes(letter)) ? shown(letters) : undefined
}

/** The form in which a code is stored. Keyed: who carries off the database could try all codes against a plain hash. */
export const userCodeHash = (code: string, ring: KeyRing): string => keyed(code, ring.secrets[0])

/** The forms in which it may have been stored; the key may have changed a minute ago. */
export const userCodeHashes = (code: string, ring: KeyRing): string[] => ring.secrets.map((key) => keyed(code, key))

const keyed = (code: string, { key }: SecretKey): string => createHmac('sha256', key).update(`user code|${code}`).digest('hex')
const shown = (letters: string): string => `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`

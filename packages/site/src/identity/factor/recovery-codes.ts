import { createHash, randomBytes } from 'node:crypto'

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'
const COUNT = 10
const LENGTH = 16

/** Ten codes of 80 bits, in groups of four: `abcd-efgh-ijkm-npqr`. */
export const newRecoveryCodes = (): string[] => Array.from({ length: COUNT }, newCode)

function newCode(): string {
  const letters = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return letters.match(/.{4}/g)?.join('-') ?? letters
}

/** What is kept of a code, however its groups were typed; undefined when it is none. */
export function recoveryHash(user: string, code: string): string | undefined {
  const letters = code.toLowerCase().replace(/[\s-]/g, '')
  if (letters.length !== LENGTH) return undefined
  return createHash('sha256')
    .update(JSON.stringify([user, letters]))
    .digest('hex')
}

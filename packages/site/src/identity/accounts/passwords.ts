import { hash, verify } from '@node-rs/argon2'
import { FrappeError, invalid } from '@annex/protocol'

const SHORTEST = 8
/** Frappe's limit; a longer one is refused before it costs anything. */
export const LONGEST_PASSWORD = 512
const AT_ONCE = 2
const MOST_WAITING = 64

/** Of a password that nobody knows, with the same costs as those made here: checking it takes the same time. */
const NOBODY = '$argon2id$v=19$m=19456,t=2,p=1$FSmTW6ALfE9XPPytSIrueg$UfNwcoDelq1N4LHCc8ELbgIKlI6dZLf7Gge1y88xJYE'

let running = 0
const waiting: (() => void)[] = []

/**
 * Runs one hashing at a time per core that it may have: each takes 19 MiB and a thread that the disk needs too.
 *
 * @throws {FrappeError} `TooManyRequestsError` (429) when too many wait already
 */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting.length >= MOST_WAITING) {
    throw new FrappeError('TooManyRequestsError', 'Too many people sign in just now; try again in a second', {
      headers: { 'retry-after': '1' },
    })
  }
  if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go))
  else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

/** argon2id, 19 MiB, two passes. */
export const hashPassword = (password: string): Promise<string> => inTurn(() => hash(password))

/** False for a wrong password; without a hash too, after the same time. */
export async function verifyPassword(stored: string | null | undefined, password: string): Promise<boolean> {
  const matches = await inTurn(() => verify(stored ?? NOBODY, password))
  return matches && stored !== null && stored !== undefined
}

/** @throws {FrappeError} `ValidationError` that says what a password must be */
export function checkNewPassword(user: string, password: string): void {
  if (password.length < SHORTEST) throw invalid(`A password needs ${SHORTEST} characters or more`)
  if (password.length > LONGEST_PASSWORD) throw invalid(`A password has ${LONGEST_PASSWORD} characters at most`)
  if (password.toLowerCase() === user.toLowerCase()) throw invalid('The password must not be the user name; choose another')
}

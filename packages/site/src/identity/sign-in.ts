import { isIP } from 'node:net'
import type { Database } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { Audit } from '../audit/audit.ts'
import { Limits } from '../http/limits.ts'
import type { Account, Accounts } from './accounts/accounts.ts'
import { LONGEST_PASSWORD } from './accounts/passwords.ts'
import type { NewSession, Sessions } from './sessions/sessions.ts'

export interface SignInParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly audit: Audit
}

export interface SignInRequest {
  readonly user: unknown
  readonly password: unknown
  /** The caller's address. */
  readonly ip: string
  /** Hash of the session that the browser had; it ends. */
  readonly previous?: string | undefined
}

export interface SignedIn extends NewSession {
  readonly account: Account
}

/** Ten attempts a minute for one user from one address, as Frappe counts; fifty from one address for whomever. */
const PER_USER = { points: 10, seconds: 60 }
const PER_ADDRESS = { points: 50, seconds: 60 }

/** Signing in by password. */
export class SignIn {
  readonly #parts: SignInParts
  readonly #perUser = new Limits(PER_USER)
  readonly #perAddress = new Limits(PER_ADDRESS)

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /**
   * A new session for the right password.
   *
   * @throws {FrappeError} `AuthenticationError` (401) with Frappe's `message`; `TooManyRequestsError` (429) after repeated failures
   */
  async start(request: SignInRequest): Promise<SignedIn> {
    const [user, password] = parseCredentials(request)
    const account = await this.#check(user, password, request.ip)
    if (!account.enabled) throw await this.#refused('User disabled or missing', account, request.ip)
    if (account.loopbackOnly && !isLoopback(request.ip)) {
      throw await this.#refused(
        'This demo account signs in from the machine that the site runs on, and from nowhere else; set a password of your own first',
        account,
        request.ip,
      )
    }
    const { database, sessions, audit } = this.#parts
    const session = await database.transaction(async (connection) => {
      await audit.write(connection, { event: 'sign-in', user: account.user, ip: request.ip })
      return sessions.start(connection, account.user, request.ip, request.previous)
    })
    return { ...session, account }
  }

  /** An attempt counts before its password is checked, so that many at once are no way round; success takes its count back. */
  async #check(user: string, password: string, ip: string): Promise<Account> {
    const key = `${ip} ${user}`
    await this.#perAddress.consume(ip)
    await this.#perUser.consume(key)
    const account = await this.#parts.accounts.checkPassword(user, password)
    if (!account) throw await this.#refused('Invalid login credentials', await this.#parts.accounts.read(user), ip)
    await Promise.all([this.#perUser.forget(key), this.#perAddress.giveBack(ip)])
    return account
  }

  /** Of an unknown user nothing is remembered: people type passwords there. */
  async #refused(message: string, account: Account | undefined, ip: string): Promise<FrappeError> {
    const { audit, database } = this.#parts
    if (account) await audit.write(database.connection, { event: 'sign-in refused', user: account.user, ip, detail: { why: message } })
    return refusal(message)
  }
}

/** As Frappe's clients expect it: the sentence stands in `message` too. */
const refusal = (message: string): FrappeError => new FrappeError('AuthenticationError', message, { body: { message } })

function parseCredentials({ user, password }: SignInRequest): readonly [user: string, password: string] {
  if (typeof user !== 'string' || typeof password !== 'string' || user.trim() === '' || password === '')
    throw refusal('Incomplete login details')
  if (password.length > LONGEST_PASSWORD || user.length > LONGEST_PASSWORD) throw refusal('Password size exceeded the maximum allowed size')
  const name = user.trim().toLowerCase()
  return [name === 'administrator' ? 'Administrator' : name, password]
}

/** Whether an address is the machine's own, IPv4 inside IPv6 included. */
function isLoopback(ip: string): boolean {
  const bare = ip.replace(/^::ffff:/i, '')
  return bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

import { createHash, randomBytes } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import { FrappeError, isLoopback } from '@annex/protocol'
import type { Audit } from '../audit/audit.ts'
import { addressBlock } from '../http/address-block.ts'
import { Limits } from '../http/limits.ts'
import type { Account, Accounts } from './accounts/accounts.ts'
import { Guesses } from './accounts/guesses.ts'
import { LONGEST_PASSWORD } from './accounts/passwords.ts'
import { insertPending, readPending, takePending, tryPending } from './factor/pending-store.ts'
import type { Enrolment, SecondFactors } from './factor/second-factors.ts'
import { isKnownPlace, noticePlace, type PlaceOfSignIn } from './letters/known-places.ts'
import { browserFamily } from './sessions/browser-family.ts'
import type { NewSession, Sessions } from './sessions/sessions.ts'

export interface SignInParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly audit: Audit
  /** Who is asked for a code besides. */
  readonly factors?: SecondFactors
  /** Who has to set up a second factor before anything else; absent = nobody. */
  readonly lacksFactor?: (user: string) => Promise<boolean>
  /** Told, in the transaction, of a sign-in from where the user never signed in. */
  readonly onNewPlace?: (connection: Connection, user: string, place: PlaceOfSignIn) => Promise<void>
  /** Told, in a transaction, of a wrong code that is more than a slip of the user's own. */
  readonly onWrongCode?: (connection: Connection, user: string, place: PlaceOfSignIn) => Promise<void>
  /** UTC microseconds. */
  readonly now?: () => number
}

interface Place {
  /** The caller's address. */
  readonly ip: string
  /** The User-Agent header. */
  readonly userAgent?: unknown
  /** Hash of the session that the browser had; it ends. */
  readonly previous?: string | undefined
}

export interface SignInRequest extends Place {
  readonly user: unknown
  readonly password: unknown
}

/** The second step of a sign-in. */
export interface CodeRequest extends Place {
  /** What the first step gave. */
  readonly pending: unknown
  readonly code: unknown
  /** A code of the secret that `setUp` gave: it turns the factor on. */
  readonly setsUp?: boolean
}

/** The password was right, and a code is asked for besides. */
export interface CodeWanted {
  /** Names this sign-in for three minutes (for fifteen, when something must be set up) and five codes. */
  readonly pending: string
  /** A role asks for a second factor, and there is none: it is set up now, or there is no session. */
  readonly mustSetUp: boolean
}

export interface SignedIn extends NewSession {
  readonly account: Account
  /** Of a factor that this sign-in has set up: shown this once. */
  readonly recoveryCodes?: readonly string[]
}

/** Ten attempts a minute for one user from one address, as Frappe counts; fifty from one address for whomever. */
const PER_USER = { points: 10, seconds: 60 }
const PER_ADDRESS = { points: 50, seconds: 60 }

/** Wrong codes of one user, over all sign-ins; who tries them has the password. */
const CODES = { points: 10, seconds: 600 }
/** Microseconds: Frappe's three minutes. */
const PENDING_LIFE = 180_000_000
/** Microseconds in which an app is found, installed and told the secret. */
const SET_UP_LIFE = 900_000_000
const MOST_TRIES = 5

/** Signing in by password, and by a code where the user has a second factor. */
export class SignIn {
  readonly #parts: SignInParts
  readonly #perUser = new Limits(PER_USER)
  readonly #perAddress = new Limits(PER_ADDRESS)
  readonly #guesses = new Guesses()
  readonly #codes = new Limits(CODES)

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /**
   * A new session for the right password, or the wish for a code.
   *
   * @throws {FrappeError} `AuthenticationError` (401) with Frappe's `message`; `TooManyRequestsError` (429) after repeated failures
   */
  async start(request: SignInRequest): Promise<SignedIn | CodeWanted> {
    const [user, password] = parseCredentials(request)
    return this.open(await this.#check(user, password, request), request)
  }

  /**
   * A new session for somebody who has proved who they are, or the wish for a code.
   *
   * @param provider - name of the Social Login Key by which they did, when it was not their password
   * @throws {FrappeError} `AuthenticationError` (401) when the account may not sign in
   */
  async open(account: Account, request: Place, provider?: string): Promise<SignedIn | CodeWanted> {
    if (!account.enabled) throw await this.#refused('User disabled or missing', account, request.ip)
    if (account.loopbackOnly && !isLoopback(request.ip)) {
      throw await this.#refused(
        'This demo account signs in from the machine that the site runs on, and from nowhere else; set a password of your own first',
        account,
        request.ip,
      )
    }
    const { factors, lacksFactor } = this.#parts
    if (await factors?.isOn(account.user)) return this.#wantCode(account.user, false)
    if (await lacksFactor?.(account.user)) return this.#wantCode(account.user, true)
    return this.#parts.database.transaction((connection) =>
      this.#begin(connection, account, request, provider === undefined ? undefined : { provider }),
    )
  }

  /**
   * A new secret for who has to set up a second factor. It is told once: who comes a second time begins anew, so that nobody else
   * who knows the password reads the secret that the user goes on with.
   *
   * @throws {FrappeError} `AuthenticationError` (401) when the sign-in does not wait any more
   */
  async setUp(pending: string, site: string): Promise<Enrolment> {
    const { database, factors } = this.#parts
    const hash = hashOf(pending)
    const user = await readPending(database.connection, hash, this.#now())
    if (user === undefined || !factors) throw refusal(INCOMPLETE)
    return factors.enrol(user, site, hash)
  }

  /**
   * The session, for the right code.
   *
   * @throws {FrappeError} `AuthenticationError` (401) with Frappe's `message`; `TooManyRequestsError` (429) after repeated failures
   */
  async finish(request: CodeRequest): Promise<SignedIn> {
    const { database, accounts, factors } = this.#parts
    const { pending, code } = request
    if (typeof pending !== 'string' || typeof code !== 'string' || !factors) throw refusal(INCOMPLETE)
    const hash = hashOf(pending)
    const tried = await tryPending(database.connection, hash, this.#now(), MOST_TRIES)
    const account = tried && (await accounts.read(tried.user))
    if (!tried || !account?.enabled) throw refusal(INCOMPLETE)
    await this.#codes.consume(account.user)
    const isSetUp = request.setsUp === true && !(await factors.isOn(account.user))
    const signedIn = await database.transaction(
      async (connection) => {
        if (isSetUp) return this.#confirm(connection, factors, account, request, hash)
        const factor = await factors.take(connection, account.user, code)
        if (!factor || !(await takePending(connection, hash))) return undefined
        return this.#begin(connection, account, request, { factor })
      },
      { durable: true },
    )
    if (!signedIn) {
      if (!isSetUp) await this.#tellWrongCode(account.user, request, tried.tries === MOST_TRIES)
      throw await this.#refused('Incorrect Verification code', account, request.ip)
    }
    await this.#codes.forget(account.user)
    return signedIn
  }

  /** Where the user has signed in before, a wrong code is most often their own slip, until a sign-in has used up all it may try. */
  async #tellWrongCode(user: string, request: Place, isLast: boolean): Promise<void> {
    const { database, onWrongCode } = this.#parts
    const place = placeOf(request)
    if (!onWrongCode || (!isLast && (await isKnownPlace(database.connection, user, place)))) return
    await database.transaction((connection) => onWrongCode(connection, user, place))
  }

  /** Turns the factor on by its first code. Sessions of before were begun without it, and must not come back to life by it. */
  async #confirm(
    connection: Connection,
    factors: SecondFactors,
    account: Account,
    request: CodeRequest,
    hash: string,
  ): Promise<SignedIn | undefined> {
    const recoveryCodes = await factors.confirmWithin(connection, account.user, hash, String(request.code))
    if (!recoveryCodes) return undefined
    // Undoes what was confirmed: nobody would see the recovery codes.
    if (!(await takePending(connection, hash))) throw refusal(INCOMPLETE)
    await this.#parts.sessions.endAll(connection, account.user)
    return { ...(await this.#begin(connection, account, request, { factor: 'set up' })), recoveryCodes }
  }

  #now(): number {
    return this.#parts.now?.() ?? Date.now() * 1000
  }

  async #wantCode(user: string, mustSetUp: boolean): Promise<CodeWanted> {
    const [pending, now] = [randomBytes(24).toString('base64url'), this.#now()]
    const row = { hash: hashOf(pending), user, expires: now + (mustSetUp ? SET_UP_LIFE : PENDING_LIFE), tries: 0 }
    await this.#parts.database.transaction((connection) => insertPending(connection, row, now))
    return { pending, mustSetUp }
  }

  async #begin(connection: Connection, account: Account, request: Place, detail?: Readonly<Record<string, string>>): Promise<SignedIn> {
    const { sessions, audit, onNewPlace } = this.#parts
    const place = placeOf(request)
    await audit.write(connection, { event: 'sign-in', user: account.user, ip: request.ip, detail })
    if (await noticePlace(connection, account.user, place, this.#now())) await onNewPlace?.(connection, account.user, place)
    const session = await sessions.start(connection, account.user, { ...place, previous: request.previous })
    return { ...session, account }
  }

  /** An attempt counts before its password is checked, so that many at once are no way round; success takes its count back. */
  async #check(user: string, password: string, request: Place): Promise<Account> {
    const address = addressBlock(request.ip)
    await this.#perAddress.consume(address)
    await this.#perUser.consume(address, user)
    const takeBack = await this.#guess(user, request)
    const account = await this.#parts.accounts.checkPassword(user, password)
    if (!account) throw await this.#wrong(user, request.ip)
    await Promise.all([takeBack(), this.#perUser.forget(address, user), this.#perAddress.giveBack(address)])
    return account
  }

  async #guess(user: string, request: Place): Promise<() => Promise<void>> {
    try {
      return await this.#guesses.consume(this.#parts.database.connection, user, placeOf(request))
    } catch (error) {
      if (error instanceof FrappeError) await this.#noteWrong(user, request.ip, 'Too many wrong passwords from many addresses')
      throw error
    }
  }

  /**
   * Of an unknown user nothing is remembered: people type passwords there. Nobody waits until something is, or the time would tell
   * which users there are.
   */
  async #noteWrong(user: string, ip: string, reason: string): Promise<void> {
    const account = await this.#parts.accounts.read(user)
    if (account) this.#parts.audit.noteRefusal({ event: 'sign-in refused', user: account.user, ip, reason })
  }

  async #wrong(user: string, ip: string): Promise<FrappeError> {
    const message = 'Invalid login credentials'
    await this.#noteWrong(user, ip, message)
    return refusal(message)
  }

  async #refused(message: string, account: Account, ip: string): Promise<FrappeError> {
    await this.#parts.audit.refuse({ event: 'sign-in refused', user: account.user, ip, reason: message })
    return refusal(message)
  }
}

/** Frappe's words for a second step without its first, or too late. */
export const INCOMPLETE = 'Incomplete login details'

/** As Frappe's clients expect it: the sentence stands in `message` too. */
const refusal = (message: string): FrappeError => new FrappeError('AuthenticationError', message, { body: { message } })

function parseCredentials({ user, password }: SignInRequest): readonly [user: string, password: string] {
  if (typeof user !== 'string' || typeof password !== 'string' || user.trim() === '' || password === '') throw refusal(INCOMPLETE)
  if (password.length > LONGEST_PASSWORD || user.length > LONGEST_PASSWORD) throw refusal('Password size exceeded the maximum allowed size')
  const name = user.trim().toLowerCase()
  return [name === 'administrator' ? 'Administrator' : name, password]
}

const placeOf = ({ ip, userAgent }: Place): PlaceOfSignIn => ({ ip, browser: browserFamily(userAgent) })

const hashOf = (pending: string): string => createHash('sha256').update(pending).digest('hex')

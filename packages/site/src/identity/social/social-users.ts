import type { Database } from '@annex/database'
import { FrappeError, isMailAddress, type Document, type Values } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { SocialKey } from './social-key.ts'
import { insertSocialIdentity, readSocialIdentity } from './social-store.ts'

export interface SocialUsersParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly audit: Audit
  readonly documents: { insert(principal: Principal, doctype: string, documents: readonly Values[]): Promise<Document[]> }
  /** UTC microseconds. */
  readonly now: () => number
}

/** A subject, and where more is said of it. */
export interface Known {
  readonly issuer: string
  readonly sub: string
  /** What the provider says of the person, each of its answers apart; asked only when nobody here is tied to the subject. */
  readonly answers: () => Promise<readonly Claims[]>
}

/** One answer of a provider: an id_token, or a profile. */
export type Claims = Readonly<Record<string, unknown>>

const forbidden = (sentence: string): FrappeError => new FrappeError('PermissionError', sentence, { messages: [] })

/** Who somebody is here whom another provider knows. */
export class SocialUsers {
  readonly #parts: SocialUsersParts

  constructor(parts: SocialUsersParts) {
    this.#parts = parts
  }

  /**
   * By issuer and subject; the first time by an e-mail address that the provider has verified.
   *
   * @throws {FrappeError} `PermissionError` (403) when nobody is, or nobody may be
   */
  async find(key: SocialKey, known: Known): Promise<Account> {
    const { database, accounts } = this.#parts
    const identity = await readSocialIdentity(database.connection, known.issuer, known.sub)
    const account = identity && (await accounts.read(identity.user))
    return account ?? this.#first(key, known)
  }

  async #first(key: SocialKey, known: Known): Promise<Account> {
    const answers = await known.answers()
    const email = emailOf(key, answers)
    const there = await this.#parts.accounts.read(email)
    if (!there && !key.allowsSignUps)
      throw forbidden('There is no account here for the address that you signed in with; ask a System Manager for one')
    if (there?.enabled === false) throw forbidden('User disabled or missing')
    const account = there ?? (await this.#signUp(email, Object.assign({}, ...answers) as Claims))
    await this.#tie(key, known, account.user)
    return account
  }

  async #signUp(email: string, claims: Claims): Promise<Account> {
    const text = (...names: string[]): string | undefined =>
      names.map((name) => claims[name]).find((value): value is string => typeof value === 'string' && value.trim() !== '')
    const first_name = (text('given_name', 'name') ?? email.split('@', 1)[0] ?? email).slice(0, 140)
    const last_name = text('family_name')?.slice(0, 140) ?? null
    await this.#parts.documents.insert(ADMINISTRATOR, 'User', [{ email, first_name, last_name, user_type: 'Website User', roles: [] }])
    const account = await this.#parts.accounts.read(email)
    if (!account) throw forbidden('User disabled or missing')
    return account
  }

  async #tie(key: SocialKey, { issuer, sub }: Known, user: string): Promise<void> {
    const { database, audit, now } = this.#parts
    await database.transaction(async (connection) => {
      if (await insertSocialIdentity(connection, { issuer, sub, user, created: now() }))
        return audit.write(connection, { event: 'social identity tied', user, detail: { provider: key.name } })
      // Two answers at once may tie the same subject; another one with the same address is another person.
      if ((await readSocialIdentity(connection, issuer, sub))?.user !== user)
        throw forbidden(`That address belongs to another account of ${key.label} already; ask a System Manager`)
    })
  }
}

/**
 * The address, and that it is verified, by one and the same answer: what is true of the address in one says nothing of the
 * address in another. Where both name an address it must be the same, and one that says that it is not verified is believed.
 *
 * @throws {FrappeError} `PermissionError` unless the provider says that the address is the person's, or is trusted with it
 */
function emailOf(key: SocialKey, answers: readonly Claims[]): string {
  const naming = answers.filter(({ email }) => email !== undefined && email !== null)
  const [email, ...others] = new Set(naming.map((answer) => addressOf(answer['email'])))
  if (others.length > 0) throw forbidden(`${key.label} gave two different e-mail addresses, so nobody here can be found by them; ${REMEDY}`)
  const isDenied = answers.some(({ email_verified: verified }) => verified !== undefined && verified !== true)
  const isVerified = key.trustsEmail || naming.some(({ email_verified: verified }) => verified === true)
  if (email !== undefined && isVerified && !isDenied) return email
  throw forbidden(`${key.label} gave no verified e-mail address, so nobody here can be found by it; ${REMEDY}`)
}

const REMEDY = 'verify yours there, or ask a System Manager'

/** One, in small letters. Letters that only look like ASCII once they are small (the Kelvin sign) belong to another's address. */
function addressOf(email: unknown): string | undefined {
  if (typeof email !== 'string') return undefined
  const [given, small] = [email.trim(), email.trim().toLowerCase()]
  if (!isMailAddress(small)) return undefined
  return isAscii(small) && !isAscii(given) ? undefined : small
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length

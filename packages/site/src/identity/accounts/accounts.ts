import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { dialectOf, type Connection, type Database } from '@annex/database'
import { FrappeError, notFound } from '@annex/protocol'
import {
  insertAccountRow,
  listSubs,
  lockAccountRow,
  readAccountRow,
  readKeyRow,
  removeAccountRow,
  updateAccountRow,
  type AccountRow,
} from './account-store.ts'
import { removeUserDefaultRows } from '../defaults/user-defaults-store.ts'
import { isFactorOn, removeFactor } from '../factor/factor-store.ts'
import { removePlacesOf } from '../letters/known-place-store.ts'
import { removeSocialIdentitiesOf } from '../social/social-store.ts'
import { checkNewPassword, hashPassword, verifyPassword } from './passwords.ts'

/** What a User document says that signing in and claims need; kept beside the password, written in the same transaction. */
export interface AccountFacts {
  readonly user: string
  readonly enabled: boolean
  readonly firstName: string
  readonly lastName: string | null
  readonly fullName: string
  readonly userImage: string | null
  /** Works at the Desk; others are visitors of the website. */
  readonly systemUser: boolean
}

export interface Account extends AccountFacts {
  /** The user's name for apps (OpenID Connect Core section 2): random, and never given to another. */
  readonly sub: string
  /** Signs in from this machine alone: its password is publicly known. */
  readonly loopbackOnly: boolean
  readonly apiKey: string | undefined
}

export interface ApiKeys {
  readonly apiKey: string
  /** Shown this once. */
  readonly apiSecret: string
}

const ADMINISTRATOR_FACTS: AccountFacts = {
  user: 'Administrator',
  enabled: true,
  firstName: 'Administrator',
  lastName: null,
  fullName: 'Administrator',
  userImage: null,
  systemUser: true,
}

/** The passwords, API keys and `sub`s of users. */
export class Accounts {
  readonly #database: Database
  readonly #now: () => number

  constructor(database: Database, now: () => number = () => Date.now() * 1000) {
    this.#database = database
    this.#now = now
  }

  async read(user: string, connection: Connection = this.#database.connection): Promise<Account | undefined> {
    const row = await readAccountRow(connection, user)
    return row && accountOf(row)
  }

  /** The `sub`s of those users who have an account, by user. */
  async readSubs(connection: Connection, users: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map((await listSubs(connection, users)).map(({ user, sub }) => [user, sub]))
  }

  /** A new account with a new `sub`. */
  async insert(connection: Connection, facts: AccountFacts): Promise<void> {
    await insertAccountRow(connection, {
      ...factColumns(facts),
      user: facts.user,
      sub: randomUUID(),
      loopback_only: 0,
      password_hash: null,
      password_changed_at: null,
      api_key: null,
      api_secret_hash: null,
      created: this.#now(),
    })
  }

  async update(connection: Connection, facts: AccountFacts): Promise<void> {
    await updateAccountRow(connection, facts.user, factColumns(facts))
  }

  async remove(connection: Connection, user: string): Promise<void> {
    await removeAccountRow(connection, user)
    await removeUserDefaultRows(connection, user)
    await removePlacesOf(connection, user)
    await removeSocialIdentitiesOf(connection, user)
    await removeFactor(connection, user)
  }

  /**
   * Sets a password of the user's own: the account is then no longer bound to this machine.
   *
   * @throws {FrappeError} `ValidationError` when it is too short, too long or the user's name
   */
  async setPassword(connection: Connection, user: string, password: string): Promise<void> {
    checkNewPassword(user, password)
    await this.#writePassword(connection, user, password)
  }

  async #writePassword(connection: Connection, user: string, password: string): Promise<void> {
    const changes = { password_hash: await hashPassword(password), password_changed_at: this.#now(), loopback_only: 0 }
    await updateAccountRow(connection, user, changes)
  }

  /** The account when the password is right. An unknown user takes the same time as a wrong password. */
  async checkPassword(user: string, password: string): Promise<Account | undefined> {
    const row = await readAccountRow(this.#database.connection, user)
    const right = await verifyPassword(row?.password_hash, password)
    return right && row ? accountOf(row) : undefined
  }

  /**
   * A new API secret; the key is made once and kept. The old secret ends at once.
   *
   * @throws {FrappeError} `DoesNotExistError` when there is no such user
   */
  async rotateKeys(user: string): Promise<ApiKeys> {
    const apiSecret = randomBytes(24).toString('hex')
    const apiKey = await this.#database.transaction(
      async (connection) => {
        const kept = (await readAccountRow(connection, user))?.api_key ?? randomBytes(8).toString('hex').slice(0, 15)
        if (!(await updateAccountRow(connection, user, { api_key: kept, api_secret_hash: sha256(apiSecret) }))) throw notFound('User', user)
        return kept
      },
      { durable: true },
    )
    return { apiKey, apiSecret }
  }

  /** Whether the user has a password; its change, and another who asks this, waits for the caller's transaction. */
  async holdPassword(connection: Connection, user: string): Promise<boolean> {
    return hasPassword(await lockAccountRow(connection, user))
  }

  async hasPassword(user: string): Promise<boolean> {
    return hasPassword(await readAccountRow(this.#database.connection, user))
  }

  /** Whether the user has set up a second factor. */
  hasFactor(user: string): Promise<boolean> {
    return isFactorOn(this.#database.connection, user)
  }

  /**
   * Whose API key and secret these are, with the generation read in the same query.
   *
   * @throws {FrappeError} `AuthenticationError` when the pair is not good
   */
  async checkKeys({ apiKey, apiSecret }: ApiKeys): Promise<{ readonly user: string; readonly generation: number }> {
    const row = await readKeyRow(this.#database.connection, apiKey)
    const [stored, shown] = [Buffer.from(row?.api_secret_hash ?? sha256('')), Buffer.from(sha256(apiSecret))]
    if (!row?.api_secret_hash || !timingSafeEqual(stored, shown)) throw refusedKeys()
    return { user: row.user, generation: row.generation }
  }

  /** Binds an account to this machine, until its password is changed: for passwords that stand in a document. */
  async restrictToLoopback(connection: Connection, user: string): Promise<void> {
    await updateAccountRow(connection, user, { loopback_only: 1 })
  }

  /**
   * Makes the account of Administrator unless there is one. True when this call made it; else the password does not count.
   * How good it must be is for the settings to say: a developer's site may have a short one.
   */
  async ensureAdministrator(password: string): Promise<boolean> {
    return this.#database.transaction(
      async (connection) => {
        // Of two processes that start at once, one waits here and then finds the other's.
        await dialectOf(this.#database.engine).lockMigrations(connection)
        if (await readAccountRow(connection, ADMINISTRATOR_FACTS.user)) return false
        await this.insert(connection, ADMINISTRATOR_FACTS)
        await this.#writePassword(connection, ADMINISTRATOR_FACTS.user, password)
        return true
      },
      { durable: true },
    )
  }

  /** Whether Administrator has an account, so that a first start can be told from others. */
  async hasAdministrator(): Promise<boolean> {
    return (await readAccountRow(this.#database.connection, ADMINISTRATOR_FACTS.user)) !== undefined
  }
}

export const refusedKeys = (): FrappeError =>
  new FrappeError('AuthenticationError', 'The API key or its secret is not good; make new ones in the user’s settings', { messages: [] })

const hasPassword = (row: AccountRow | undefined): boolean => typeof row?.password_hash === 'string'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

type FactColumns = Pick<AccountRow, 'enabled' | 'first_name' | 'last_name' | 'full_name' | 'user_image' | 'desk_user'>

const factColumns = (facts: AccountFacts): FactColumns => ({
  enabled: facts.enabled ? 1 : 0,
  first_name: facts.firstName,
  last_name: facts.lastName,
  full_name: facts.fullName,
  user_image: facts.userImage,
  desk_user: facts.systemUser ? 1 : 0,
})

const accountOf = (row: AccountRow): Account => ({
  user: row.user,
  sub: row.sub,
  enabled: row.enabled === 1,
  firstName: row.first_name,
  lastName: row.last_name,
  fullName: row.full_name,
  userImage: row.user_image,
  systemUser: row.desk_user === 1,
  loopbackOnly: row.loopback_only === 1,
  apiKey: row.api_key ?? undefined,
})

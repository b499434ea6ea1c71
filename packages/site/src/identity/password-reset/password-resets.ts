import { createHash, randomBytes } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import { invalid, notFound, notPermitted } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { paths } from '../../pages/paths.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import { checkNewPassword } from '../accounts/passwords.ts'
import type { CredentialsListener } from '../accounts/user-controller.ts'
import { removePendingOf } from '../factor/pending-store.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { insertReset, readReset, removeExpiredResets, removeResetsOf, takeReset } from './password-reset-store.ts'

export interface PasswordResetParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly audit: Audit
  /** Ends what the user has allowed apps to do. */
  readonly endGrants: CredentialsListener
  /** Told, in the transaction, of a new password. */
  readonly onPasswordChanged?: CredentialsListener
  /** The site's own origin. */
  readonly issuer: () => string
  /** UTC microseconds. */
  readonly now: () => number
}

/** Microseconds that a link is good for. */
const LIFE = 3_600_000_000

/** Links by which a password is set once, without the one before. The database knows hashes alone. */
export class PasswordResets {
  readonly #parts: PasswordResetParts

  constructor(parts: PasswordResetParts) {
    this.#parts = parts
  }

  /**
   * A link for a user who cannot sign in, to be handed over by whoever asked for it: good once, for one hour. It ends the one before.
   *
   * @throws {FrappeError} `PermissionError` unless a System Manager asks (for Administrator, unless Administrator does);
   *   `DoesNotExistError` when there is no such user, `ValidationError` when the user is disabled
   */
  async link(principal: Principal, user: string): Promise<string> {
    const account = await this.#accountFor(principal, user)
    return this.#parts.database.transaction(
      async (connection) => {
        await this.#parts.audit.write(connection, { event: 'reset link made', user: principal.user, about: account.user })
        return this.issue(connection, account.user)
      },
      { durable: true },
    )
  }

  async #accountFor(principal: Principal, user: string): Promise<Account> {
    if (!principal.roles.has('System Manager')) throw notPermitted('Only a System Manager may make a reset link; ask one')
    if (principal.token) throw notPermitted('A reset link gives more than an app may have; make it without the app')
    if (user === 'Administrator' && principal.user !== user)
      throw notPermitted('Administrator’s link is made on the machine of the site: annex user reset-link Administrator')
    const account = await this.#parts.accounts.read(user)
    if (!account) throw notFound('User', user)
    if (!account.enabled) throw invalid(`${user} is disabled; enable the user first`)
    return account
  }

  /** A new link in the place of those before. */
  async issue(connection: Connection, user: string): Promise<string> {
    const [key, now] = [randomBytes(32).toString('base64url'), this.#parts.now()]
    await removeExpiredResets(connection, now)
    await removeResetsOf(connection, user)
    await insertReset(connection, { hash: hashOf(key), user, expires: now + LIFE })
    return `${this.#parts.issuer()}${paths.setPassword}?key=${key}`
  }

  /**
   * Whose link it is; looking uses nothing up.
   *
   * @throws {FrappeError} `ValidationError` when it is not, or no longer, good
   */
  async userOf(key: string): Promise<string> {
    const { database, now } = this.#parts
    const row = await readReset(database.connection, hashOf(key), now())
    if (!row) throw invalid(texts.setPassword.spent)
    return row.user
  }

  /**
   * Sets the password and uses the link up. Every session of the user ends, and what they allowed apps to do.
   *
   * @throws {FrappeError} `ValidationError` when the link is not good any more, or the password is not good; the link then stays
   */
  async use(key: string, password: string): Promise<void> {
    const { database, accounts, sessions, audit, endGrants, onPasswordChanged, now } = this.#parts
    checkNewPassword(await this.userOf(key), password)
    await database.transaction(
      async (connection) => {
        const row = await takeReset(connection, hashOf(key), now())
        const account = row && (await accounts.read(row.user, connection))
        if (!account?.enabled) throw invalid(texts.setPassword.spent)
        const { user } = account
        await accounts.setPassword(connection, user, password)
        await sessions.endAll(connection, user)
        await removePendingOf(connection, user)
        await endGrants(connection, user)
        await onPasswordChanged?.(connection, user)
        await audit.write(connection, { event: 'password changed', user, detail: { by: 'reset link' } })
      },
      { durable: true },
    )
  }
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

import type { Database } from '@annex/database'
import { invalid, notFound, notPermitted } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { SocialKeys } from '../social/social-keys.ts'
import { listSocialIdentities, removeSocialIdentity } from '../social/social-store.ts'

export interface SocialIdentitiesParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly audit: Audit
  readonly keys: Pick<SocialKeys, 'labels'>
}

/** A provider that knows the user. */
export interface ListedIdentity {
  readonly issuer: string
  /** Of its Social Login Key; absent while nobody can sign in by it. */
  readonly label: string | undefined
  /** UTC microseconds. */
  readonly created: number
}

/** Which providers a user signs in by, and the end of that. */
export class SocialIdentities {
  readonly #parts: SocialIdentitiesParts

  constructor(parts: SocialIdentitiesParts) {
    this.#parts = parts
  }

  /** The oldest first. */
  async list(user: string): Promise<ListedIdentity[]> {
    const labels = await this.#parts.keys.labels()
    const rows = await listSocialIdentities(this.#parts.database.connection, user)
    return rows.map(({ issuer, created }) => ({ issuer, label: labels.get(bare(issuer)), created }))
  }

  /**
   * The provider's subject is nobody here any more. Of several at once, none takes the user's last way to sign in.
   *
   * @throws {FrappeError} `DoesNotExistError` when the user has none with that provider; `ValidationError` when they could not sign
   *   in afterwards, for want of a password and of another provider whose key is turned on
   */
  async untie(user: string, issuer: string): Promise<void> {
    const { database, accounts, audit, keys } = this.#parts
    const labels = await keys.labels()
    await database.transaction(
      async (connection) => {
        const hasPassword = await accounts.holdPassword(connection, user)
        const rows = await listSocialIdentities(connection, user)
        if (!rows.some((row) => row.issuer === issuer)) throw notFound('Identity', issuer.slice(0, 140))
        const hasOther = rows.some((row) => row.issuer !== issuer && labels.has(bare(row.issuer)))
        if (!hasPassword && !hasOther) throw invalid(texts.account.lastWay)
        await removeSocialIdentity(connection, user, issuer)
        await audit.write(connection, { event: 'social identity untied', user, detail: { issuer } })
      },
      { durable: true },
    )
  }

  /** Those of another user. @throws {FrappeError} `PermissionError` for all but System Managers */
  async listFor(principal: Principal, user: string): Promise<ListedIdentity[]> {
    requireManager(principal)
    return this.list(user)
  }

  /**
   * As `untie`, of another user, also the last way to sign in: somebody else may have the account at the provider.
   *
   * @throws {FrappeError} `PermissionError` unless a System Manager asks (for Administrator, unless Administrator does), and for apps;
   *   `DoesNotExistError` when the user has none with that provider
   */
  async untieFor(principal: Principal, user: string, issuer: string): Promise<void> {
    requireManager(principal)
    if (principal.token) throw notPermitted('No app may untie users from other sites; do it without the app')
    if (user === 'Administrator' && principal.user !== user) throw notPermitted('Only Administrator may untie Administrator')
    const { database, audit } = this.#parts
    await database.transaction(
      async (connection) => {
        if (!(await removeSocialIdentity(connection, user, issuer))) throw notFound('Identity', issuer.slice(0, 140))
        await audit.write(connection, { event: 'social identity untied', user: principal.user, about: user, detail: { issuer } })
      },
      { durable: true },
    )
  }
}

function requireManager({ roles }: Principal): void {
  if (!roles.has('System Manager')) throw notPermitted('Only a System Manager sees by which other sites a user signs in; ask one')
}

/** As a Social Login Key has it. */
const bare = (issuer: string): string => issuer.replace(/\/+$/, '')

import { RecentlyUsed, type Database, type Generation } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'
import { accessFault } from './access/api-access.ts'
import { readApproval } from './clients/approvals/approvals-store.ts'
import { isOpenTo, type Client } from './clients/client.ts'
import { readClient } from './clients/clients-store.ts'
import type { Users } from './oauth-parts.ts'
import type { OAuthSettings } from './settings.ts'

export interface AdmissionParts {
  readonly database: Database
  readonly users: Users
  readonly generation: Pick<Generation, 'onChange'>
  readonly settings: OAuthSettings
  readonly allowAdministrator: boolean
}

/** Apps in use at a time; at most twice as many. */
const KEPT_CLIENTS = 1000

/**
 * Whom apps may act for. Asked at consent, at the exchange of a code, at every refresh and at every call; what is kept in memory of
 * users must be as new as the request, which whoever knows the caller (an authenticator, `ClientAuthentication`) has seen to.
 */
export class Admission {
  readonly #parts: AdmissionParts
  /** Apps whose tokens were shown, until the generation moves: each change of an app moves it. */
  readonly #clients = new RecentlyUsed<string, Promise<Client | undefined>>(KEPT_CLIENTS)

  constructor(parts: AdmissionParts) {
    this.#parts = parts
    parts.generation.onChange(async () => this.#clients.clear())
  }

  /** Administrator's rights are handed out only where the site's settings say so. */
  admits(user: string): boolean {
    return user !== 'Guest' && (user !== 'Administrator' || this.#parts.allowAdministrator)
  }

  /** Whether a token of the user's is good, as far as it is for the user, the site and the openness of the app to say. */
  async knows(user: string, client: Client, kind: string | null): Promise<boolean> {
    const principal = await this.#principal(user)
    if (principal === undefined || (await this.accessFault(principal)) !== undefined) return false
    return kind === 'service' || this.#isOpen(client, principal)
  }

  /** The same of the openness alone, for one whose calls are judged by it: what is asked of the database is kept with the generation. */
  async holds(principal: Principal, id: string, kind: string | null): Promise<boolean> {
    if (kind === 'service') return true
    const client = await this.#client(id)
    return client !== undefined && this.#isOpen(client, principal)
  }

  /** Why no program may act for the user while API access is switched off, for the site or for them; undefined when it is on. */
  accessFault(principal: Principal): Promise<string | undefined> | string | undefined {
    return accessFault(principal, this.#parts.settings)
  }

  /**
   * Whether the client may act for the user now: both alive, the user of a role that the client is open to, or
   * approved where it asks for that.
   *
   * @throws {OAuthError} `unauthorized_client` while API access is switched off: what was granted is not lost by it
   */
  async allows(client: Client, user: string): Promise<boolean> {
    const principal = await this.#principal(user)
    if (principal === undefined || !client.enabled || !isOpenTo(client, principal.roles)) return false
    const fault = await this.accessFault(principal)
    if (fault !== undefined) throw new OAuthError('unauthorized_client', fault)
    return this.#isOpen(client, principal)
  }

  /**
   * Whether a service may act as its user now: of one who has become a System Manager since only where the client is unfenced.
   *
   * @throws {OAuthError} `unauthorized_client` while API access is switched off
   */
  async serves(client: Client, user: string): Promise<boolean> {
    const principal = await this.#principal(user)
    if (principal === undefined) return false
    const fault = await this.accessFault(principal)
    if (fault !== undefined) throw new OAuthError('unauthorized_client', fault)
    return user === 'Administrator' || client.unfenced || !principal.roles.has('System Manager')
  }

  async #isOpen(client: Client, { roles, user }: Principal): Promise<boolean> {
    return isOpenTo(client, roles) && (client.authorizationPolicy !== 'After Approval' || (await this.isApproved(client.id, user)))
  }

  #client(id: string): Promise<Client | undefined> {
    const kept = this.#clients.get(id)
    if (kept) return kept
    const reading = readClient(this.#parts.database.connection, id)
    this.#clients.set(id, reading)
    reading.catch(() => this.#clients.get(id) === reading && this.#clients.delete(id))
    return reading
  }

  /** Whether a System Manager approved this very user for the app; an app that asks for no approval has nobody who was. */
  async isApproved(client: string, user: string): Promise<boolean> {
    const sub = (await this.#parts.users.person(user))?.sub ?? ''
    return (await readApproval(this.#parts.database.connection, { client, user, sub }))?.state === 'Approved'
  }

  async #principal(user: string): Promise<Principal | undefined> {
    return this.admits(user) ? this.#parts.users.principal(user) : undefined
  }
}

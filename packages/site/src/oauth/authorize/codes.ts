import type { Connection, Database } from '@annex/database'
import type { Audit } from '../../audit/audit.ts'
import type { CodeRow } from '../storage/oauth-tables.ts'
import type { Grants, NewGrant } from '../grants/grants.ts'
import { hasUsedPkce, insertCode } from '../grants/codes-store.ts'
import { LIFETIMES } from '../grants/lifetimes.ts'
import { joinResources } from '../grants/resources.ts'
import type { Users } from '../oauth-parts.ts'
import { randomText, timeDigits, timedToken, tokenKey } from '../token-text.ts'
import type { Decided } from './consent/consent.ts'
import { storedDetails } from './details/granted-details.ts'
import { endWiderConnections } from './older/older-connections.ts'
import { doctypeIdsOf, grantedSets, type DoctypeOf } from './requested/requested-scopes.ts'
import type { Requested } from './requested/requested.ts'
import { limitRows, type RowChoices } from './rows/row-choices.ts'
import type { Asking } from './checks.ts'

export interface CodesParts {
  readonly database: Database
  readonly grants: Grants
  readonly audit: Audit
  readonly doctypeOf: DoctypeOf
  readonly users: Pick<Users, 'holdSession'>
  readonly issuer: () => string
  readonly now: () => number
}

export interface CodeRequest {
  readonly asking: Asking
  readonly requested: Requested
  readonly decided: Decided
  /** Documents that the user keeps the app to. */
  readonly choices: RowChoices
  /** Whether older connections that reach more end with it. */
  readonly endsOlder?: boolean
  /** Microseconds. */
  readonly authTime: number
}

/** Turns consents into grants with a code each. */
export class Codes {
  readonly #parts: CodesParts

  constructor(parts: CodesParts) {
    this.#parts = parts
  }

  /**
   * Stores the grant and its code in one durable transaction; the code comes back. Undefined when the session has ended
   * meanwhile: a grant must not outlive the change of a password that ended all of them.
   *
   * @param first - runs before, in the same transaction; when it gives false nothing is stored and undefined comes back
   */
  issue(request: CodeRequest, first: (connection: Connection) => Promise<boolean> = async () => true): Promise<string | undefined> {
    return this.#parts.database.transaction(
      async (connection) =>
        (await this.#holdsSession(connection, request)) && (await first(connection)) ? this.#insert(connection, request) : undefined,
      { durable: true },
    )
  }

  async #holdsSession(connection: Connection, { asking: { principal } }: CodeRequest): Promise<boolean> {
    return principal.session !== undefined && this.#parts.users.holdSession(connection, principal.session)
  }

  async #insert(connection: Connection, request: CodeRequest): Promise<string> {
    const { asking } = request
    const consent = this.#grantOf(request)
    const { client, principal } = asking
    if (request.endsOlder === true)
      await endWiderConnections(connection, this.#parts, { client, consent, session: principal.session ?? '' })
    const grant = await this.#parts.grants.insert(connection, consent)
    await this.#noteLostPkce(connection, asking)
    const now = this.#parts.now()
    const code = timedToken('code', '1', timeDigits(now), randomText())
    await insertCode(connection, codeRow(asking, grant, tokenKey(code), now))
    return code
  }

  #grantOf({ asking, requested, decided, choices, authTime }: CodeRequest): NewGrant {
    const { client, principal, request } = asking
    const { granted, filters } = limitRows(decided.granted, requested.details, choices, client.legacy.openidActsAsAll)
    const sets = grantedSets(client, granted, requested.sets)
    return {
      client: client.id,
      user: principal.user,
      requested: requested.named,
      granted,
      rejected: decided.rejected,
      doctypeIds: doctypeIdsOf(granted, this.#parts.doctypeOf),
      authTime,
      life: client.lifetimes.absolute,
      filters,
      details: storedDetails(requested.details),
      sets: Object.keys(sets).length === 0 ? undefined : JSON.stringify(sets),
      resource: joinResources(
        request.all('resource').filter((resource) => resource !== ''),
        this.#parts.issuer(),
      ),
      session: principal.session,
    }
  }

  /** A challenge that a client always sent and now does not may have been taken out on its way: an administrator can require it. */
  async #noteLostPkce(connection: Connection, { client, principal, request }: Asking): Promise<void> {
    if (request.get('code_challenge') !== undefined || !(await hasUsedPkce(connection, client.id))) return
    await this.#parts.audit.write(connection, { event: 'oauth.pkce.missing', client: client.id, user: principal.user })
  }
}

const codeRow = ({ client, request, redirectUri, redirectNamed }: Asking, grant: string, hash: string, now: number): CodeRow => ({
  hash,
  grant_id: grant,
  client: client.id,
  redirect_uri: redirectUri,
  redirect_named: redirectNamed ? 1 : 0,
  challenge: request.get('code_challenge') ?? null,
  nonce: request.get('nonce') ?? null,
  issued: now,
  expires: now + LIFETIMES.code,
  used_at: null,
  failures: 0,
})

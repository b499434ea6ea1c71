import type { Connection, Database } from '@annex/database'
import type { Audit } from '../../audit/audit.ts'
import type { CodeRow } from '../storage/oauth-tables.ts'
import type { Grants } from '../grants/grants.ts'
import { hasUsedPkce, insertCode } from '../grants/codes-store.ts'
import { LIFETIMES } from '../grants/lifetimes.ts'
import { hashOf, randomText, tokenText } from '../token-text.ts'
import type { Decided } from './consent.ts'
import { doctypeIdsOf, type DoctypeOf } from './requested-scopes.ts'
import type { Asking } from './checks.ts'

export interface CodesParts {
  readonly database: Database
  readonly grants: Grants
  readonly audit: Audit
  readonly doctypeOf: DoctypeOf
  readonly now: () => number
}

export interface CodeRequest {
  readonly asking: Asking
  readonly scopes: readonly string[]
  readonly decided: Decided
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
   * Stores the grant and its code in one durable transaction; the code comes back.
   *
   * @param first - runs before, in the same transaction; when it gives false nothing is stored and undefined comes back
   */
  issue(request: CodeRequest, first: (connection: Connection) => Promise<boolean> = async () => true): Promise<string | undefined> {
    return this.#parts.database.transaction(
      async (connection) => ((await first(connection)) ? this.#insert(connection, request) : undefined),
      { durable: true },
    )
  }

  async #insert(connection: Connection, { asking, scopes, decided, authTime }: CodeRequest): Promise<string> {
    const { grants, doctypeOf, now } = this.#parts
    const { client, principal } = asking
    const doctypeIds = doctypeIdsOf(decided.granted, doctypeOf)
    const grant = await grants.insert(connection, {
      client: client.id,
      user: principal.user,
      requested: scopes,
      ...decided,
      doctypeIds,
      authTime,
    })
    await this.#noteLostPkce(connection, asking)
    const code = tokenText('code', '1', randomText())
    await insertCode(connection, codeRow(asking, grant, hashOf(code), now()))
    return code
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

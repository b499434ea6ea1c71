import type { Database } from '@annex/database'
import { allowsScope, invalid, notFound, splitScope, type DocType } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Principal } from '../../policy/principal.ts'
import { unsaidReach, type Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import { readClient } from '../clients/clients-store.ts'
import { requireSystemManager } from '../clients/require-system-manager.ts'
import type { Grants } from '../grants/grants.ts'
import { readGrant, type GrantChoice } from '../grants/grants-store.ts'
import type { ClosingScope } from '../access/closings/closings-store.ts'
import { endToken } from '../grants/tokens-store.ts'
import type { Users } from '../oauth-parts.ts'
import type { OAuthSettings } from '../settings.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import { advise, scopesAfter, type Advice, type AppFacts } from '../usage/advisor.ts'
import { isPowerless } from '../usage/powerless.ts'
import type { NetworkRow, SpanRow } from '../usage/usage-store.ts'
import { textOf } from '../text-of.ts'
import type { Usage } from '../usage/usage.ts'
import { listGrantsOfClient, listLiveTokens, listOldestGrantsOfClient, readOwner, type ShownToken, type TokenOwner } from './apps-store.ts'
import { tokenReport, useReport, type UseReport } from './use-report.ts'
import { DAY } from '../storage/durations.ts'

export interface AppsParts {
  readonly database: Database
  readonly audit: Audit
  readonly grants: Grants
  readonly clients: Clients
  readonly usage: Usage
  readonly settings: Pick<OAuthSettings, 'read'>
  readonly users: Pick<Users, 'principal'>
  readonly doctypeOf: (name: string) => DocType | undefined
  /** UTC microseconds. */
  readonly now: () => number
}

/** A token of a grant, with its use; it is named by its hash. */
export interface UsedToken extends ShownToken {
  /** What it opens that none of its scopes says. */
  readonly unsaid: readonly string[]
  readonly use: SpanRow | undefined
}

/** A living grant. */
export interface LivingGrant {
  readonly grant: GrantRow
  /** What it opens that none of its scopes says. */
  readonly unsaid: readonly string[]
}

/** A living grant and what was done with it. */
export interface UsedGrant extends LivingGrant {
  /** The id of an app that is no longer registered. */
  readonly appName: string
  readonly use: SpanRow | undefined
  readonly tokens: readonly UsedToken[]
  readonly networks: readonly NetworkRow[]
}

/** What one user's grants of one app let it do, and did. */
export interface OwnApp {
  readonly id: string
  /** Undefined for an app that is no longer registered. */
  readonly client: Client | undefined
  /** All of them, the newest first. */
  readonly living: readonly LivingGrant[]
  /** Those among the newest hundred of the user's over all apps, with their use. */
  readonly grants: readonly UsedGrant[]
}

const WINDOW = 30
/** More days than an access token lives. */
const TOKEN_WINDOW = 3
const MOST_GRANTS = 100
/** Grants by which the advisor knows since when rights are held: the oldest, which newer ones must not push out of sight. */
const MOST_JUDGED = 1000

/**
 * What apps may do, did and were refused, and the ways to end it: for users over their own, for System Managers over all.
 *
 * @throws {FrappeError} `PermissionError` for others, `DoesNotExistError` for what is not here or not theirs
 */
export class Apps {
  readonly #parts: AppsParts

  constructor(parts: AppsParts) {
    this.#parts = parts
  }

  /** The apps that act for the user, each with its living grants; of one app when it is named. */
  listOwn({ user }: Principal, client?: string): Promise<OwnApp[]> {
    return this.#listOf(user, client)
  }

  async #listOf(user: string, client?: string): Promise<OwnApp[]> {
    const grants = await this.#parts.grants.list(user, client)
    const clients = await this.#clientsOf(grants)
    const used = Map.groupBy(await this.#used(grants, clients), ({ grant }) => grant.client)
    return [...Map.groupBy(grants, (grant) => grant.client)].map(([id, of]) => {
      const app = clients.get(id)
      return { id, client: app, living: of.map((grant) => ({ grant, unsaid: unsaidOf(grant.granted, app) })), grants: used.get(id) ?? [] }
    })
  }

  /** What an app did in the user's name in the last thirty days. */
  async reportOwn({ user }: Principal, client: string): Promise<UseReport> {
    const grants = await this.#parts.grants.list(user, client)
    if (grants.length === 0) throw notFound('Connected App', client.slice(0, 140))
    return this.#report(grants.slice(0, MOST_GRANTS).map(({ id }) => id))
  }

  /** What an app did in all names in the last thirty days. */
  async report(principal: Principal, client: string): Promise<UseReport> {
    await this.#parts.clients.read(principal, client)
    return this.#report([client])
  }

  /** What all apps together did in another user's name in the last thirty days. */
  async reportFor(principal: Principal, user: string): Promise<UseReport> {
    const grants = await this.#grantsFor(principal, user)
    return this.#report(grants.slice(0, MOST_GRANTS).map(({ id }) => id))
  }

  /** What was done with one grant in the last thirty days; for its user, and for System Managers. */
  async reportGrant(principal: Principal, id: string): Promise<UseReport> {
    return this.#report([(await this.#grantFor(principal, id)).id])
  }

  /** What was done with one token in the last three days; for its user, and for System Managers. */
  async reportToken(principal: Principal, hash: string): Promise<UseReport> {
    const { usage, now } = this.#parts
    await this.#ownerOf(principal, hash)
    return tokenReport(await usage.ofToken(hash), Math.floor(now() / DAY), TOKEN_WINDOW)
  }

  /** One living grant and what was done with it; for its user, and for System Managers. */
  async readGrant(principal: Principal, id: string): Promise<UsedGrant> {
    const { user, client } = await this.#grantFor(principal, id)
    const living = (await this.#parts.grants.list(user, client)).filter((grant) => grant.id === id)
    const [used] = await this.#used(living, await this.#clientsOf(living))
    if (!used) throw notFound('Grant', id.slice(0, 140))
    return used
  }

  /** The newest hundred living grants of an app. */
  async listGrants(principal: Principal, client: string): Promise<UsedGrant[]> {
    requireSystemManager(principal)
    const grants = await listGrantsOfClient(this.#parts.database.connection, client, this.#parts.now(), MOST_GRANTS)
    return this.#used(grants, await this.#clientsOf(grants))
  }

  /** The networks that the app's secret was used from, the latest first. */
  async listSecretNetworks(principal: Principal, client: string): Promise<NetworkRow[]> {
    requireSystemManager(principal)
    return this.#parts.usage.networks([client])
  }

  /** What a System Manager should look at. */
  async advice(principal: Principal, client: string): Promise<readonly Advice[]> {
    return advise(await this.#facts(principal, client))
  }

  /**
   * Takes the advice on a right: the app may ask for it no more, or for what it used instead. Tokens that are issued from then
   * on, also by a refresh, lack it.
   *
   * @throws {FrappeError} `ValidationError` when there is no such advice (any more), or nothing would be left
   */
  async takeAway(principal: Principal, client: string, scope: string): Promise<void> {
    const left = scopesAfter(await this.#facts(principal, client), scope)
    if (!left) throw invalid(`There is no advice on ${scope.slice(0, 140)} any more; open the page again`)
    if (left.length === 0) throw invalid('Nothing would be left that the app may ask for; suspend or retire it instead')
    const document = await this.#parts.clients.read(principal, client)
    const stay = (field: string): string =>
      splitScope(textOf(document[field]))
        // What a pattern alone let it ask for goes with the pattern.
        .filter((entry) => entry !== scope && allowsScope(left, entry))
        .join('\n')
    const values = { scopes: left.join('\n'), required_scopes: stay('required_scopes'), optional_scopes: stay('optional_scopes') }
    await this.#parts.clients.update(principal, client, values)
  }

  /** Ends one token at once; with a refresh token its grant can be renewed no more. Durable before it returns. */
  async endToken(principal: Principal, hash: string): Promise<void> {
    const { database, audit, now } = this.#parts
    const owner = await this.#ownerOf(principal, hash)
    await database.transaction(
      async (connection) => {
        await endToken(connection, hash, now())
        const { grant, client } = owner
        await audit.write(connection, { event: 'oauth.token.ended', user: principal.user, client, grant, detail: { of: owner.user } })
      },
      { durable: true },
    )
  }

  /** Ends one grant and every token of it. Durable before it returns. */
  async endGrant(principal: Principal, id: string): Promise<void> {
    const { user } = await this.#grantFor(principal, id)
    await this.#end({ id }, reasonOf(principal, user))
  }

  /** Ends all that the user's apps may do, or one app when it is named. The number of grants comes back. */
  endOwn({ user }: Principal, client?: string): Promise<number> {
    return this.#end(client === undefined ? { user } : { user, client }, 'user_revoked')
  }

  /** Ends every grant of an app; it may ask again. */
  async endAllOf(principal: Principal, client: string): Promise<number> {
    requireSystemManager(principal)
    return this.#end({ client }, 'manager_revoked')
  }

  /** The apps that act for another user, as `listOwn`. */
  async listFor(principal: Principal, user: string): Promise<OwnApp[]> {
    requireSystemManager(principal)
    return this.#listOf(user)
  }

  /** How many living grants another user has. */
  async countFor(principal: Principal, user: string): Promise<number> {
    return (await this.#grantsFor(principal, user)).length
  }

  /** Ends every grant of another user. */
  async endAllFor(principal: Principal, user: string): Promise<number> {
    requireSystemManager(principal)
    return this.#end({ user }, 'manager_revoked')
  }

  async #grantFor(principal: Principal, id: string): Promise<GrantRow> {
    const grant = await readGrant(this.#parts.database.connection, id)
    if (!grant || !isOver(principal, grant.user)) throw notFound('Grant', id.slice(0, 140))
    return grant
  }

  async #ownerOf(principal: Principal, hash: string): Promise<TokenOwner> {
    const owner = await readOwner(this.#parts.database.connection, hash)
    if (!owner || !isOver(principal, owner.user)) throw notFound('OAuth Bearer Token', hash.slice(0, 140))
    return owner
  }

  async #grantsFor(principal: Principal, user: string): Promise<GrantRow[]> {
    requireSystemManager(principal)
    return this.#parts.grants.list(user)
  }

  #end(choice: GrantChoice | ClosingScope, reason: string): Promise<number> {
    return this.#parts.grants.revoke(choice, reason)
  }

  async #clientsOf(grants: readonly GrantRow[]): Promise<ReadonlyMap<string, Client>> {
    const ids = [...new Set(grants.map(({ client }) => client))]
    const clients = await Promise.all(ids.map((id) => readClient(this.#parts.database.connection, id)))
    return new Map(clients.flatMap((client) => (client ? [[client.id, client]] : [])))
  }

  async #used(grants: readonly GrantRow[], clients: ReadonlyMap<string, Client>): Promise<UsedGrant[]> {
    const { database, usage, now } = this.#parts
    const ids = grants.slice(0, MOST_GRANTS).map(({ id }) => id)
    const tokens = await listLiveTokens(database.connection, ids, now())
    const spans = await usage.spans(ids)
    const tokenSpans = await usage.tokenSpans(tokens.filter(({ kind }) => kind === 'access').map(({ hash }) => hash))
    const networks = Map.groupBy(await usage.networks(ids), ({ subject }) => subject)
    const byGrant = Map.groupBy(tokens, (token) => token.grant_id)
    return grants.slice(0, MOST_GRANTS).map((grant) => ({
      grant,
      appName: clients.get(grant.client)?.name ?? grant.client,
      unsaid: unsaidOf(grant.granted, clients.get(grant.client)),
      use: spans.get(grant.id),
      tokens: (byGrant.get(grant.id) ?? []).map((token) => ({
        ...token,
        unsaid: unsaidOf(token.scope, clients.get(grant.client)),
        use: tokenSpans.get(token.hash),
      })),
      networks: networks.get(grant.id) ?? [],
    }))
  }

  async #report(subjects: readonly string[]): Promise<UseReport> {
    const { usage, now } = this.#parts
    const [sumsByDay, rows] = [await usage.days(subjects, WINDOW), await usage.details(subjects, WINDOW)]
    const sums = await usage.sums(subjects, WINDOW)
    const spans = [...(await usage.spans(subjects)).values()]
    return useReport({ sumsByDay, rows, sums, spans, today: Math.floor(now() / DAY), days: WINDOW })
  }

  async #facts(principal: Principal, id: string): Promise<AppFacts> {
    const { database, clients, usage, settings, now } = this.#parts
    requireSystemManager(principal)
    const client = await readClient(database.connection, id)
    if (!client) throw notFound('OAuth Client', id.slice(0, 140))
    const grants = await listGrantsOfClient(database.connection, id, now(), MOST_GRANTS)
    const { secretAgeDays, unusedRightDays } = await settings.read()
    const sums = await usage.sums([id], Math.max(1, unusedRightDays))
    return {
      allowed: client.scopes,
      redirectUris: client.redirectUris,
      granted: oldest(await listOldestGrantsOfClient(database.connection, id, now(), MOST_JUDGED)),
      used: sums.filter(({ outcome }) => outcome === 'used'),
      secrets: await clients.listSecrets(principal, id),
      secretNetworks: (await usage.networks([id])).length,
      powerless: await this.#powerless(grants),
      now: now(),
      secretAgeDays,
      unusedRightDays,
    }
  }

  async #powerless(grants: readonly GrantRow[]): Promise<string[]> {
    const { users, doctypeOf } = this.#parts
    const byUser = Map.groupBy(grants, ({ user }) => user)
    const judged = [...byUser].map(async ([user, of]) => {
      const principal = await users.principal(user)
      const scopes = of.flatMap(({ granted }) => splitScope(granted))
      return principal && isPowerless(principal, scopes, doctypeOf) ? [user] : []
    })
    return (await Promise.all(judged)).flat()
  }
}

const unsaidOf = (scopes: string, client: Client | undefined): readonly string[] => (client ? unsaidReach(client, splitScope(scopes)) : [])

/** Whether what is this user's is the caller's to see and to end. */
const isOver = (principal: Principal, owner: string): boolean => principal.user === owner || principal.roles.has('System Manager')
const reasonOf = (principal: Principal, owner: string): string => (principal.user === owner ? 'user_revoked' : 'manager_revoked')

/** Each granted scope with the time of the oldest living grant that holds it. */
function oldest(grants: readonly Pick<GrantRow, 'granted' | 'created'>[]): Map<string, number> {
  const granted = new Map<string, number>()
  for (const grant of grants)
    for (const scope of splitScope(grant.granted)) granted.set(scope, Math.min(grant.created, granted.get(scope) ?? Infinity))
  return granted
}

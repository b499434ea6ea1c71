import { keptQuery, type Connection } from '@annex/database'
import { DAY, SECOND } from '../storage/durations.ts'
import type { OAuthTables } from '../storage/oauth-tables.ts'
import type { Client, ClientKind, ClientState } from './client.ts'

/** The columns of the DocType OAuth Client that the protocol reads; documents writes them. */
interface ClientColumns {
  name: string
  owner: string
  app_name: string
  enabled: number
  state: string | null
  kind: string | null
  dynamically_registered: number
  scopes_approved: number
  authorization_policy: string | null
  row_filters: string | null
  service_user: string | null
  client_uri: string | null
  logo_uri: string | null
  contact: string | null
  access_token_lifetime: number
  idle_lifetime: number
  absolute_lifetime: number
  ip_ranges: string | null
  allowed_origins: string | null
  requests_per_second: number
  concurrent_requests: number
  post_logout_redirect_uris: string | null
  backchannel_logout_uri: string | null
  event_uri: string | null
  openid_acts_as_all: number
  refresh_without_secret: number
  token_document: number
  short_verifier: number
  hs256_id_token: number
  rs256_id_token: number
  redirect_uris: string | null
  default_redirect_uri: string | null
  scopes: string | null
  required_scopes: string | null
  optional_scopes: string | null
  skip_authorization: number
  unfenced: number
  require_pkce: number
  rotation_leeway: number
  revoke_mode: string | null
  grant_type: string | null
}

const COLUMNS = [
  'name',
  'owner',
  'app_name',
  'enabled',
  'state',
  'kind',
  'dynamically_registered',
  'scopes_approved',
  'authorization_policy',
  'row_filters',
  'service_user',
  'client_uri',
  'logo_uri',
  'contact',
  'access_token_lifetime',
  'idle_lifetime',
  'absolute_lifetime',
  'ip_ranges',
  'allowed_origins',
  'requests_per_second',
  'concurrent_requests',
  'post_logout_redirect_uris',
  'backchannel_logout_uri',
  'event_uri',
  'openid_acts_as_all',
  'refresh_without_secret',
  'token_document',
  'short_verifier',
  'hs256_id_token',
  'rs256_id_token',
  'redirect_uris',
  'default_redirect_uri',
  'scopes',
  'required_scopes',
  'optional_scopes',
  'skip_authorization',
  'unfenced',
  'require_pkce',
  'rotation_leeway',
  'revoke_mode',
  'grant_type',
] as const satisfies readonly (keyof ClientColumns)[]

/** Named as `tableName` of the room doctypes names them. */
type Tables = Pick<OAuthTables, 'oauth_state'> & {
  'tabOAuth Client': ClientColumns
  'tabOAuth Client Role': { parent: string; role: string }
}

/** A client, also a disabled one; undefined when the id is nobody's. One statement, which takes as long for an unknown client. */
export async function readClient(connection: Connection, id: string): Promise<Client | undefined> {
  const rows = await clientById(connection, { id })
  const [first] = rows
  if (!first) throw new Error('The database has no oauth_state; it was not migrated')
  const roles = rows.map((row) => row.allowed_role).filter((role) => role !== null)
  return first.name === null ? undefined : toClient(first, first.name, roles)
}

/** A client with one of its roles; no name when there is no such client. */
type FoundClient = Omit<ClientColumns, 'name'> & {
  readonly name: string | null
  readonly allowed_role: string | null
}

// Primary keys, and the index on parent. The one row of oauth_state comes back for a client that is not there, too.
const clientById = keptQuery<{ id: string }, FoundClient>((connection, { id }) =>
  connection
    .withTables<Tables>()
    .selectFrom('oauth_state as state')
    .leftJoin('tabOAuth Client as client', (join) => join.on('client.name', '=', id))
    .leftJoin('tabOAuth Client Role as role', 'role.parent', 'client.name')
    .select(COLUMNS.map((column) => `client.${column}` as const))
    .select('role.role as allowed_role')
    .where('state.id', '=', 1)
    .$castTo<FoundClient>(),
)

/** The origins that active clients are used from. */
export async function listAllowedOrigins(connection: Connection): Promise<ReadonlySet<string>> {
  const db = connection.withTables<Tables>()
  // A scan of the clients, every few seconds at most.
  const query = db.selectFrom('tabOAuth Client').select('allowed_origins').where('enabled', '=', 1)
  const rows = await query.where('allowed_origins', 'is not', null).where('allowed_origins', '!=', '').execute()
  return new Set(rows.flatMap((row) => wordsOf(row.allowed_origins)))
}

/** Makes whoever else changes the client or its secrets wait until the transaction ends; the row stays as it is. */
export async function lockClient(connection: Connection, id: string): Promise<void> {
  // Primary key. An update locks the row on either engine.
  await connection.withTables<Tables>().updateTable('tabOAuth Client').set({ name: id }).where('name', '=', id).execute()
}

function toClient(row: Omit<ClientColumns, 'name'>, id: string, allowedRoles: readonly string[]): Client {
  const state = stateOf(row.state, row.enabled)
  return {
    id,
    name: row.app_name,
    owner: row.owner,
    enabled: row.enabled === 1,
    state,
    kind: kindOf(row.kind),
    dynamicallyRegistered: row.dynamically_registered === 1,
    scopesApproved: row.scopes_approved === 1,
    usesCodes: row.grant_type !== 'Implicit',
    redirectUris: [...new Set([...wordsOf(row.redirect_uris), ...wordsOf(row.default_redirect_uri)])],
    defaultRedirectUri: row.default_redirect_uri ?? '',
    scopes: wordsOf(row.scopes),
    requiredScopes: wordsOf(row.required_scopes),
    optionalScopes: wordsOf(row.optional_scopes),
    authorizationPolicy: POLICIES.find((policy) => policy === row.authorization_policy) ?? 'Roles',
    allowedRoles,
    rowFilters: row.row_filters || undefined,
    serviceUser: row.service_user || undefined,
    homePage: row.client_uri || undefined,
    logo: row.logo_uri || undefined,
    contact: row.contact || undefined,
    trusted: row.skip_authorization === 1,
    unfenced: row.unfenced === 1,
    requiresPkce: row.require_pkce === 1,
    rotationLeeway: within(row.rotation_leeway, 0, 60) * SECOND,
    lifetimes: {
      access: within(row.access_token_lifetime || 3600, 60, 86_400) * SECOND,
      idle: within(row.idle_lifetime || 30, 1, 365) * DAY,
      absolute: within(row.absolute_lifetime || 90, 1, 730) * DAY,
    },
    ipRanges: wordsOf(row.ip_ranges),
    allowedOrigins: wordsOf(row.allowed_origins),
    budget: { requestsPerSecond: row.requests_per_second, concurrentRequests: row.concurrent_requests },
    postLogoutRedirectUris: wordsOf(row.post_logout_redirect_uris),
    // Of a retired app nothing is told any more; its document keeps the addresses for the record.
    backchannelLogoutUri: (state !== 'Retired' && row.backchannel_logout_uri) || undefined,
    eventUri: (state !== 'Retired' && row.event_uri) || undefined,
    legacy: {
      openidActsAsAll: row.openid_acts_as_all === 1,
      refreshWithoutSecret: row.refresh_without_secret === 1,
      tokenDocument: row.token_document === 1,
      shortVerifier: row.short_verifier === 1,
      hs256IdToken: row.hs256_id_token === 1,
    },
    rs256IdToken: row.rs256_id_token === 1,
    revokesTokenOnly: row.revoke_mode === 'token-only',
  }
}

const STATES: readonly ClientState[] = ['Active', 'Pending', 'Suspended', 'Retired']
const POLICIES: readonly Client['authorizationPolicy'][] = ['Roles', 'Everyone', 'After Approval']
const KINDS: readonly ClientKind[] = ['web', 'public', 'native', 'service', 'agent']

/** The state of a stored client, by two of its columns. One that was switched off before there were states is suspended. */
export function stateOf(state: unknown, enabled: unknown): ClientState {
  const stored = STATES.find((candidate) => candidate === state) ?? 'Active'
  return stored === 'Active' && Number(enabled ?? 1) === 0 ? 'Suspended' : stored
}

export const kindOf = (value: unknown): ClientKind => KINDS.find((kind) => kind === value) ?? 'web'
const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)

/** Frappe splits at single spaces, its forms send lines: any white space separates. */
export const wordsOf = (text: unknown): string[] => (typeof text === 'string' ? text.split(/\s+/).filter((word) => word !== '') : [])

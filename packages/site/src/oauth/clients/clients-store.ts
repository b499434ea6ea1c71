import type { Connection } from '@annex/database'
import type { Client } from './client.ts'

/** The columns of the DocType OAuth Client that the protocol reads; documents writes them. */
interface ClientColumns {
  name: string
  owner: string
  app_name: string
  enabled: number
  kind: string | null
  redirect_uris: string | null
  default_redirect_uri: string
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

/** Named as `tableName` of the room doctypes names them. */
type Tables = {
  'tabOAuth Client': ClientColumns
  'tabOAuth Client Role': { parent: string; role: string }
}

/** A client, also a disabled one; undefined when the id is nobody's. */
export async function readClient(connection: Connection, id: string): Promise<Client | undefined> {
  const db = connection.withTables<Tables>()
  // Primary key.
  const row = await db.selectFrom('tabOAuth Client').selectAll().where('name', '=', id).executeTakeFirst()
  if (!row) return undefined
  // Index on parent.
  const roles = await db.selectFrom('tabOAuth Client Role').select('role').where('parent', '=', id).execute()
  return toClient(
    row,
    roles.map(({ role }) => role),
  )
}

function toClient(row: ClientColumns, allowedRoles: string[]): Client {
  return {
    id: row.name,
    name: row.app_name,
    owner: row.owner,
    enabled: row.enabled === 1,
    kind: row.kind === 'public' || row.kind === 'native' ? row.kind : 'web',
    usesCodes: row.grant_type !== 'Implicit',
    redirectUris: [...new Set([...wordsOf(row.redirect_uris), row.default_redirect_uri])],
    defaultRedirectUri: row.default_redirect_uri,
    scopes: wordsOf(row.scopes),
    requiredScopes: wordsOf(row.required_scopes),
    optionalScopes: wordsOf(row.optional_scopes),
    allowedRoles,
    trusted: row.skip_authorization === 1,
    unfenced: row.unfenced === 1,
    requiresPkce: row.require_pkce === 1,
    rotationLeeway: Math.min(Math.max(row.rotation_leeway, 0), 60) * 1_000_000,
    revokesTokenOnly: row.revoke_mode === 'token-only',
  }
}

/** Frappe splits at single spaces, its forms send lines: any white space separates. */
export const wordsOf = (text: unknown): string[] => (typeof text === 'string' ? text.split(/\s+/).filter((word) => word !== '') : [])

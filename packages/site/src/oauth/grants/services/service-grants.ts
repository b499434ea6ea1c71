import type { Connection, Database } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { doctypeIdsOf } from '../../authorize/requested/requested-scopes.ts'
import type { Client } from '../../clients/client.ts'
import { lockClient } from '../../clients/clients-store.ts'
import type { GrantRow } from '../../storage/oauth-tables.ts'
import { parseIds, type Grants } from '../grants.ts'
import { readServiceGrant } from '../grants-store.ts'

export interface ServiceGrantParts {
  readonly database: Database
  readonly grants: Grants
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly now: () => number
}

export interface ServiceRequest {
  readonly client: Client
  readonly user: string
  /** What the token will hold. */
  readonly scopes: readonly string[]
}

export type ServiceGrant = Pick<GrantRow, 'id' | 'expires'>

/**
 * The grant that an app's own tokens hang from. One serves them all, however many there are, so that the app is
 * listed once, ended at once, and a million tokens make no million grants. A new one is made when the rights assigned
 * to the app have changed, when a DocType is not the one of then, or before the old one ends.
 */
export async function requireServiceGrant(parts: ServiceGrantParts, request: ServiceRequest): Promise<ServiceGrant> {
  const known = await findGrant(parts.database.connection, parts, request)
  return known ?? parts.database.transaction((connection) => insertGrant(connection, parts, request), { durable: true })
}

async function insertGrant(connection: Connection, parts: ServiceGrantParts, request: ServiceRequest): Promise<ServiceGrant> {
  const { client, user } = request
  // Another caller may have made it meanwhile, in this process or another: one at a time for an app.
  await lockClient(connection, client.id)
  const known = await findGrant(connection, parts, request)
  if (known) return known
  const before = await readServiceGrant(connection, { user, client: client.id }, parts.now())
  return parts.grants.insertRow(connection, {
    client: client.id,
    user,
    kind: 'service',
    requested: client.scopes,
    granted: client.scopes,
    rejected: [],
    // What an earlier grant knew stays known, so that apps with wide patterns soon need no further one.
    doctypeIds: { ...currentIds(before, parts), ...doctypeIdsOf(request.scopes, parts.doctypeOf) },
    authTime: parts.now(),
    life: client.lifetimes.absolute,
  })
}

async function findGrant(connection: Connection, parts: ServiceGrantParts, request: ServiceRequest): Promise<ServiceGrant | undefined> {
  const { client, user, scopes } = request
  const grant = await readServiceGrant(connection, { user, client: client.id }, parts.now() + client.lifetimes.access)
  if (grant?.granted !== client.scopes.join(' ')) return undefined
  const known = parseIds(grant.doctype_ids)
  const needed = Object.entries(doctypeIdsOf(scopes, parts.doctypeOf))
  return needed.every(([doctype, id]) => known[doctype] === id) ? grant : undefined
}

function currentIds(grant: GrantRow | undefined, { doctypeOf }: ServiceGrantParts): Record<string, string> {
  const known = Object.entries(grant ? parseIds(grant.doctype_ids) : {})
  return Object.fromEntries(known.filter(([doctype, id]) => doctypeOf(doctype)?.id === id))
}

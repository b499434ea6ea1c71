import type { Database } from '@annex/database'
import type { Document } from '@annex/protocol'
import type { Controller } from '../../doctypes/controller.ts'
import { formatDatetime, formatTimestamp } from '../../doctypes/values/timestamps.ts'
import { textOf } from '../text-of.ts'
import { listAccessTokens, type AccessTokenFilter, type AccessTokenRow } from './bearer-tokens-store.ts'

export interface BearerTokenParts {
  readonly database: Database
  readonly now: () => number
  readonly zone: string
}

/**
 * The virtual DocType OAuth Bearer Token: access tokens by their hash, for System Managers.
 * Nothing of it opens anything, and refresh tokens are not among them.
 */
export function bearerTokenController(parts: BearerTokenParts): Controller {
  const { connection } = parts.database
  const list = async (filters: Readonly<Record<string, unknown>>, start: number, limit: number | null): Promise<Document[]> => {
    const rows = await listAccessTokens(connection, filterOf(filters))
    const documents = rows.map((row) => bearerTokenDocument(row, parts)).filter((document) => matches(document, filters))
    return documents.slice(start, limit === null ? undefined : start + limit)
  }
  return {
    virtual: {
      read: async (name) => (await list({ name }, 0, 1))[0],
      list: ({ filters, start, limit }) => list(filters, start, limit),
      count: async (filters) => (await list(filters, 0, null)).length,
    },
  }
}

function filterOf({ name, client, user }: Readonly<Record<string, unknown>>): AccessTokenFilter {
  return {
    ...(name === undefined ? {} : { hash: textOf(name) }),
    ...(client === undefined ? {} : { client: textOf(client) }),
    ...(user === undefined ? {} : { user: textOf(user) }),
  }
}

/** The filters that no column holds (`status`). */
const matches = (document: Document, filters: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(filters).every(([field, value]) => textOf(document[field]) === textOf(value))

/** An access token as a document: whose it is, for what and until when. */
export function bearerTokenDocument(row: AccessTokenRow, { now, zone }: Pick<BearerTokenParts, 'now' | 'zone'>): Document {
  const issued = formatTimestamp(row.issued, zone)
  return {
    name: row.hash,
    owner: row.user,
    creation: issued,
    modified: issued,
    modified_by: row.user,
    docstatus: 0,
    idx: 0,
    client: row.client,
    user: row.user,
    scopes: row.scope,
    expiration_time: formatDatetime(row.expires, zone),
    status: statusOf(row, now()),
    doctype: 'OAuth Bearer Token',
  }
}

function statusOf({ revoked_at, expires }: AccessTokenRow, now: number): string {
  if (revoked_at !== null) return 'Revoked'
  return expires <= now ? 'Expired' : 'Active'
}

import { isDeepStrictEqual } from 'node:util'
import { parseFilters } from '@annex/protocol'
import type { Json, RecordedRequest } from '../recording.ts'

/** A request that came, or one that was recorded, by what it means. */
export interface Asked {
  /** A user's short name, `guest`, or `Bearer` and the token. */
  readonly as: string
  readonly method: string
  /** Decoded. */
  readonly path: string
  readonly parameters: Readonly<Record<string, unknown>>
}

const OAUTH = '/api/method/frappe.integrations.oauth2.'
/** What a list or a search takes where nothing is said. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  limit_start: 0,
  start: 0,
  fields: ['name'],
  order_by: 'modified desc',
  merge: 0,
  distinct: 0,
}

export const askedIn = (request: RecordedRequest): Asked => ({
  as: request.bearer === undefined ? (request.as ?? 'guest') : `Bearer ${request.bearer}`,
  method: request.method ?? 'GET',
  path: decodeURIComponent(request.path),
  parameters: { ...request.query, ...request.form, ...(request.json as Record<string, Json> | undefined) },
})

/** What came in: who is behind an API key stands before its colon. */
export async function askedBy(request: Request): Promise<Asked> {
  const { pathname, searchParams } = new URL(request.url)
  const [scheme, credential = ''] = (request.headers.get('authorization') ?? '').split(' ')
  const text = await request.text()
  const isForm = request.headers.get('content-type')?.includes('form') === true
  const body = text === '' ? {} : isForm ? Object.fromEntries(new URLSearchParams(text)) : (JSON.parse(text) as Record<string, unknown>)
  return {
    as: scheme === 'token' ? credential.split(':')[0]! : scheme === 'Bearer' ? `Bearer ${credential}` : 'guest',
    method: request.method,
    path: decodeURIComponent(pathname),
    parameters: { ...Object.fromEntries(searchParams), ...body },
  }
}

/** Whether two requests ask for the same: lists and filters in one form, JSON or its text alike, defaults said or not. */
export function isSame(recorded: Asked, came: Asked): boolean {
  if (recorded.method !== came.method || recorded.path !== came.path || recorded.as !== came.as) return false
  const meaning = came.path.startsWith(OAUTH) ? oauthMeaning : meaningOf
  return isDeepStrictEqual(meaning(recorded, came), meaning(came, recorded))
}

function meaningOf({ path, parameters }: Asked): Record<string, unknown> {
  const read = Object.entries(parameters).map(([name, value]): [string, unknown] => [name, valueOf(value)])
  const {
    limit,
    limit_page_length: length = limit,
    page_length: pageLength,
    filters,
    or_filters: orFilters,
    ...others
  } = Object.fromEntries(read)
  const doctype = typeof others['doctype'] === 'string' ? others['doctype'] : (path.split('/')[path.includes('/v2/') ? 4 : 3] ?? '')
  const said = Object.entries(others).filter(([name, value]) => value !== '' && !isDeepStrictEqual(value, DEFAULTS[name]))
  return {
    ...Object.fromEntries(said),
    limit: Number(length ?? 20),
    pageLength: Number(pageLength ?? 10),
    filters: quadruples(doctype, filters),
    orFilters: quadruples(doctype, orFilters),
  }
}

/** Numbers and lists may come as text. */
const valueOf = (value: unknown): unknown =>
  typeof value === 'string' && /^([[{]|\d+$)/.test(value) ? orAsItIs(value, () => JSON.parse(value) as unknown) : value

const quadruples = (doctype: string, filters: unknown): unknown =>
  orAsItIs(filters, () =>
    parseFilters(filters).map((filter) => [filter.doctype ?? doctype, filter.fieldname, filter.operator, filter.value]),
  )

/** Requests that are wrong were recorded too. */
function orAsItIs(value: unknown, read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return value
  }
}

/**
 * Of the OAuth endpoints. What is random on one side is not compared: a proof key, where none that is wrong was recorded;
 * which of a pair of tokens is given back, since both end either way. A renewal may name its redirect URI.
 */
function oauthMeaning(own: Asked, other: Asked): Record<string, unknown> {
  const { redirect_uri: redirectUri, code_verifier: verifier, token, token_type_hint: _hint, ...others } = own.parameters
  if (own.path.endsWith('.revoke_token')) return { pair: String(token).replace('refresh', 'access') }
  const isWrong = [own, other].some(({ parameters }) => String(parameters['code_verifier']).startsWith('wrong'))
  const isRenewal = others['grant_type'] === 'refresh_token'
  return { ...others, ...(isRenewal ? {} : { redirectUri }), ...(isWrong ? { verifier } : {}), ...(token === undefined ? {} : { token }) }
}

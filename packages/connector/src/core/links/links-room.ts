import { FrappeError, isRecord, OAuthError, ScopeSet } from '@annex/protocol'
import { ScopeMissing, SignInRequired, UpstreamUnavailable } from '../errors.ts'
import type { Room, RoomParts } from '../connector/room.ts'
import { isOwnOrigin } from '../sign-in/cookies.ts'
import type { LinkDefinitions, LinkSource } from './link-options.ts'
import type { LinkAnswer } from './link-answer.ts'
import { MOST_ROWS } from './search/source-search.ts'
import { parseJson } from '../upstream/transport.ts'

/** Characters of the form's values that a request may bring. */
const LONGEST_FORM = 4096

export interface LinksRoomOptions {
  readonly definitions: LinkDefinitions
  /** All that the app may ask a person for: one of them is asked for where a right is missing. */
  readonly scopes: readonly string[]
}

/**
 * `GET <base>/links/<key>?q=&start=&form=`: what to suggest in a configured link field, to pages of the app alone and for the
 * person who is signed in.
 */
export function linksRoom(parts: RoomParts, options: LinksRoomOptions): Room {
  const path = `${parts.basePath}/links/`
  return {
    routes: [
      {
        route: { method: 'GET', path: `${path}*`, body: false },
        answer: (request) => suggest(parts, options, request, new URL(request.url).pathname.slice(path.length)),
      },
    ],
  }
}

async function suggest(parts: RoomParts, options: LinksRoomOptions, request: Request, encodedKey: string): Promise<Response> {
  if (!isOwnOrigin(request, parts.origin)) return refuse(403, 'Only pages of this app may search its link fields.')
  const asked = readSearch(request.url, encodedKey)
  if (typeof asked === 'string') return refuse(400, asked)
  const session = await parts.session(request)
  if (session === undefined) return refuse(401, 'You are not signed in.', parts.signInUrl({ from: request }))
  const { client, links } = parts.connection(session.connection)
  let source: LinkSource | undefined
  try {
    source = await options.definitions.read(asked.key, client)
    if (source === undefined) return refuse(404, 'This app has no such link field.')
    return json(200, await links.search(asked.key, { ...asked, signal: request.signal }))
  } catch (error) {
    // Nobody reads the answer.
    if (request.signal.aborted) return new Response(null, { status: 499 })
    return problem(parts, options, request, source, error)
  }
}

interface AskedSearch {
  readonly key: string
  readonly text: string
  readonly start: number
  readonly form: Readonly<Record<string, string>>
}

/** What is asked for, or what is wrong with it. */
function readSearch(address: string, encodedKey: string): AskedSearch | string {
  const { searchParams } = new URL(address)
  const start = Number(searchParams.get('start') ?? '0')
  if (!Number.isInteger(start) || start < 0 || start > MOST_ROWS) return `start must be a whole number from 0 to ${MOST_ROWS}.`
  const form = readForm(searchParams.get('form') ?? '{}')
  if (form === undefined) return `form must be a JSON object of texts, ${LONGEST_FORM} characters at most.`
  const key = decode(encodedKey)
  return key === undefined ? 'The name of the link field cannot be read.' : { key, text: searchParams.get('q') ?? '', start, form }
}

function readForm(text: string): Readonly<Record<string, string>> | undefined {
  const form: unknown = text.length > LONGEST_FORM ? undefined : parseJson(text)
  return isRecord(form) && Object.values(form).every((value) => typeof value === 'string') ? (form as Record<string, string>) : undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** What stands in the way, and where the person puts it right. */
function problem(
  parts: RoomParts,
  { scopes }: LinksRoomOptions,
  request: Request,
  source: LinkSource | undefined,
  error: unknown,
): Response {
  if (error instanceof SignInRequired) return refuse(401, error.message, parts.signInUrl({ from: request }))
  if (error instanceof ScopeMissing) {
    const wanted = source === undefined ? undefined : scopes.find((scope) => opens(scope, source.doctype))
    return refuse(403, error.message, wanted === undefined ? undefined : parts.signInUrl({ from: request, scopes: [wanted] }))
  }
  if (error instanceof UpstreamUnavailable) return refuse(503, error.message)
  if (error instanceof FrappeError || error instanceof OAuthError) return refuse(statusOf(error), `The site refuses: ${error.message}`)
  throw error
}

function opens(scope: string, doctype: string): boolean {
  const set = new ScopeSet([scope])
  return set.names(doctype, 'select') || set.opensEvery('select')
}

/** What the site refuses this person is refused here too; a fault of its own, or of this app's, is no fault of theirs. */
const statusOf = (error: FrappeError | OAuthError): number =>
  error instanceof FrappeError && error.excType === 'PermissionError' ? 403 : 502

const refuse = (status: number, message: string, url?: string): Response => json(status, { message, ...(url === undefined ? {} : { url }) })

const json = (status: number, body: LinkAnswer | { readonly message: string; readonly url?: string }): Response =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } })

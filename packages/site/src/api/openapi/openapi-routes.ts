import { isTableField, type DocType } from '@annex/protocol'
import type { Backend } from '../../backend/backend.ts'
import type { Method } from '../../backend/method.ts'
import type { DocTypes } from '../../doctypes/doctypes.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { isGuest, type Principal } from '../../policy/principal.ts'
import { methodsFor } from './method-paths.ts'
import { openApiDocument } from './openapi.ts'
import { OpenApiTexts } from './openapi-texts.ts'
import { docsView, type DocsView } from './docs-view.ts'
import { seenBy, type Seen } from './sight.ts'

export interface OpenApiParts {
  readonly backend: Backend
  readonly doctypes: DocTypes
  readonly methods: ReadonlyMap<string, Method>
  /** The site's own origin. */
  readonly issuer: () => string
  /** Makes a page of what is shown; undefined sends the caller to sign in first. */
  readonly page: (request: Exchange<Principal>, view: DocsView) => Promise<Answer>
}

type Request = Exchange<Principal>

/** More than that are not looked up one by one. */
const MOST_NAMED = 100

/**
 * `/api/openapi.json`: the API as its caller may use it; `?doctypes=Customer,Item` narrows it to these. A guest gets the
 * methods that are open to guests, and no DocType. `/api/docs` is a page of the same.
 */
export function openApiRoutes(server: HttpServer<Principal>, parts: OpenApiParts): void {
  const texts = new OpenApiTexts(parts.doctypes)
  server.route('GET', '/api/openapi.json', (request) => answer(parts, texts, request))
  server.route('GET', '/api/docs', async (request) => parts.page(request, await view(parts, request)))
}

async function answer(parts: OpenApiParts, texts: OpenApiTexts, { caller, query }: Request): Promise<Answer> {
  const names = namesIn(query)
  if (names.length > 0) return { json: await describe(parts, caller, names) }
  const bytes = await texts.read(caller, () => describe(parts, caller, names))
  return { file: { filename: 'openapi.json', contentType: 'application/json', bytes, disposition: 'inline' } }
}

async function describe(parts: OpenApiParts, caller: Principal, names: readonly string[]): Promise<unknown> {
  const seen = await seenIn(parts, caller, names)
  return openApiDocument(parts.issuer(), seen, methodsFor(caller, parts.methods.values()))
}

async function view(parts: OpenApiParts, { caller, query }: Request): Promise<DocsView> {
  const name = query.get('doctype') ?? ''
  const all = await seenIn(parts, caller, [])
  return docsView(all, name === '' ? undefined : await seenIn(parts, caller, [name]), methodsFor(caller, parts.methods.values()))
}

const namesIn = (query: URLSearchParams): string[] =>
  [...new Set((query.get('doctypes') ?? '').split(',').map((name) => name.trim()))].filter((name) => name !== '').slice(0, MOST_NAMED)

/** Named ones are asked for, so that those of an upstream site are found and others are refused as anywhere else. */
async function seenIn({ backend, doctypes }: OpenApiParts, caller: Principal, names: readonly string[]): Promise<Seen> {
  if (isGuest(caller)) return { doctypes: [], rows: [] }
  if (names.length === 0) {
    const all = doctypes
      .names()
      .toSorted()
      .flatMap((name) => doctypes.get(name) ?? [])
    return seenBy(caller, all, (name) => doctypes.get(name))
  }
  const known = new Map<string, DocType>()
  for (const name of names) known.set(name, await backend.doctype(caller, name))
  const rows = [...known.values()].flatMap((doctype) => doctype.fields.filter(isTableField)).map((field) => field.options)
  for (const name of new Set(rows)) known.set(name, doctypes.get(name) ?? (await backend.doctype(caller, name)))
  return seenBy(
    caller,
    names.flatMap((name) => known.get(name) ?? []),
    (name) => known.get(name),
  )
}

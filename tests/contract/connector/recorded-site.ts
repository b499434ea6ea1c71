import { OAUTH_PATHS } from '@annex/protocol'
import { decodeJwt, SignJWT } from 'jose'
import { readRecording, type RecordedConsent, type Step } from '../recording.ts'
import { Variables } from '../variables.ts'
import { askedBy, askedIn, isSame, type Asked } from './same-request.ts'
import type { UpstreamUnderTest } from './upstream-under-test.ts'

const RECORDINGS = ['20-oauth-code', '30-resource', '31-permissions', '32-submit', '40-client', '41-link-search', '60-v2']
const BASE = 'https://erp.recorded.example'
const CLIENT = { id: 'recorded-client', secret: 'recorded-secret', redirectUri: 'http://127.0.0.1:9997/callback' }
const RUN = 'rec'

interface Recorded {
  readonly step: Step
  /** The same request may have been recorded several times: its answers come in their order. */
  played: boolean
}

/** Answers with what a real Frappe 15.55.1 said when it was asked the same; knows nothing else. */
class RecordedSite {
  readonly #steps: readonly Recorded[]
  readonly #unknown: string[] = []
  #nonce: string | null = null

  constructor(steps: readonly Recorded[]) {
    this.#steps = steps
  }

  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init)
    const { pathname } = new URL(url)
    return discovery(pathname) ?? this.#answer(request)
  }

  /** The person comes to the authorization URL, and decides as when it was recorded. */
  readonly allow = async (url: string, { user, deny = false }: Parameters<UpstreamUnderTest['allow']>[1]): Promise<string> => {
    const query = new URL(url).searchParams
    const found = this.#next(({ consent }) => consent?.as === user && isSameConsent(consent, query, deny))
    const target = new URL(found?.step.response.headers?.['location'] ?? this.#miss(`consent of ${user} to ${url}`))
    if (query.has('state')) target.searchParams.set('state', query.get('state')!)
    this.#nonce = query.get('nonce')
    return target.href
  }

  /** @throws {Error} with every request that nobody recorded */
  readonly close = async (): Promise<void> => {
    if (this.#unknown.length > 0) throw new Error(`Nobody recorded:\n${this.#unknown.join('\n')}`)
  }

  async #answer(request: Request): Promise<Response> {
    const came = await askedBy(request)
    const found = this.#next((step) => step.request !== undefined && isSame(askedIn(step.request), came))
    if (found === undefined) return givenBack(came) ?? this.#miss(JSON.stringify(came))
    const { status, headers, json } = found.step.response
    const body = json === undefined ? savedIn(found.step) : await this.#fresh(json as Record<string, unknown>)
    return Response.json(body, { status: Number(status), headers: { ...headers } })
  }

  /** The first that is the same and was not played; when all were, the last. */
  #next(isIt: (step: Step) => boolean): Recorded | undefined {
    const same = this.#steps.filter(({ step }) => isIt(step))
    const found = same.find(({ played }) => !played) ?? same.at(-1)
    if (found !== undefined) found.played = true
    return found
  }

  #miss(request: string): never {
    this.#unknown.push(request)
    throw new Error(`Nobody recorded ${request}`)
  }

  /** An id_token ends after an hour, so one is made with the claims of the recorded. */
  async #fresh(json: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { id_token: recorded } = json
    if (typeof recorded !== 'string') return json
    const now = Math.floor(Date.now() / 1000)
    const { at_hash: _hash, ...claims } = decodeJwt(recorded)
    const own = { aud: CLIENT.id, iss: BASE, iat: now, exp: now + 3600, ...(this.#nonce === null ? {} : { nonce: this.#nonce }) }
    const signed = new SignJWT({ ...claims, ...own }).setProtectedHeader({ alg: 'HS256', typ: 'jwt' })
    return { ...json, id_token: await signed.sign(new TextEncoder().encode(CLIENT.secret)) }
  }
}

/** Of answers whose status alone was kept: what later steps took from them. */
function savedIn({ save = {} }: Step): Record<string, unknown> {
  const body: Record<string, Record<string, unknown>> = {}
  for (const [name, place] of Object.entries(save)) {
    const [, key = '', field = ''] = place.split('/')
    body[key] = { ...body[key], [field]: textOf(name) }
  }
  return body
}

function isSameConsent({ query, decision = 'allow' }: RecordedConsent, came: URLSearchParams, deny: boolean): boolean {
  const isEqual = (name: string): boolean => query[name] === came.get(name)
  return (decision === 'deny') === deny && ['client_id', 'redirect_uri', 'response_type', 'scope'].every(isEqual)
}

/** Not recorded, but measured: a Frappe 15 has no RFC 8414, and sends to a method of its own for the rest. */
function discovery(path: string): Response | undefined {
  if (path === OAUTH_PATHS.serverMetadata)
    return new Response('<h1>Not Found</h1>', { status: 404, headers: { 'content-type': 'text/html' } })
  if (path === OAUTH_PATHS.openidDiscovery) return new Response(null, { status: 301, headers: { location: OAUTH_PATHS.configuration } })
  if (path !== OAUTH_PATHS.configuration) return undefined
  return Response.json({
    issuer: BASE,
    authorization_endpoint: BASE + OAUTH_PATHS.authorize,
    token_endpoint: BASE + OAUTH_PATHS.token,
    userinfo_endpoint: BASE + OAUTH_PATHS.profile,
    revocation_endpoint: BASE + OAUTH_PATHS.revoke,
    introspection_endpoint: BASE + OAUTH_PATHS.introspect,
    id_token_signing_alg_values_supported: ['HS256'],
  })
}

/** Measured too: what is given back as it should be ends with 200, whichever pair it is of. */
function givenBack({ as, path, parameters }: Asked): Response | undefined {
  const { token, token_type_hint: hint, client_id: client } = parameters
  const isOurs = String(token).startsWith(textOf('')) && hint === 'refresh_token' && client === CLIENT.id
  return path === OAUTH_PATHS.revoke && as === 'guest' && isOurs ? Response.json({}) : undefined
}

/** What stands for a value that a recorded answer gave and later steps use. */
const textOf = (name: string): string => `recorded-${name}`

async function stepsOf(file: string): Promise<Recorded[]> {
  const { steps } = await readRecording(file)
  const names = [...JSON.stringify(steps).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)
  const fixed = { base: BASE, redirect: CLIENT.redirectUri, run: RUN, client_id: CLIENT.id, client_secret: CLIENT.secret }
  const variables = new Variables({ ...Object.fromEntries(names.map((name) => [name, textOf(name)])), ...fixed })
  return steps.map((step) => ({ step: variables.fill(step), played: false }))
}

/** The recorded site, as an upstream. An API key is whoever stands before its colon. */
export async function openRecorded(): Promise<UpstreamUnderTest> {
  const site = new RecordedSite((await Promise.all(RECORDINGS.map(stepsOf))).flat())
  return {
    url: BASE,
    fetch: site.fetch,
    client: CLIENT,
    run: RUN,
    credentials: (person) => Promise.resolve({ apiKey: `${person}:recorded` }),
    allow: site.allow,
    close: site.close,
  }
}

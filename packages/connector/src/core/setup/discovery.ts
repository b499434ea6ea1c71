import { isRecord, OAUTH_PATHS } from '@annex/protocol'
import { InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import { outageOf, retryAfterMs, type Send } from '../upstream/transport.ts'
import type { Document, Found, Site } from './site.ts'

const KEPT_MS = 3_600_000
/** Anybody may begin a sign-in or send a letter: neither makes a site that cannot be used answer the same questions over and over. */
const FAILURE_KEPT_MS = 10_000
const MAX_REDIRECTS = 3

/** Finds out what stands at the other end, once an hour. */
export class Discovery {
  readonly #issuer: string
  readonly #send: Send
  readonly #clock: () => number
  #found: { readonly site: Promise<Site>; until: number } | undefined
  #questions = 0
  #last: Site | undefined

  constructor(issuer: string, send: Send, clock: () => number) {
    this.#issuer = issuer
    this.#send = send
    this.#clock = clock
  }

  /**
   * Asks RFC 8414 first, then OpenID Connect Discovery, also where Frappe 15 has it (a proxy may keep `/.well-known/` for
   * itself), then takes Frappe's fixed paths. A failure stands for ten seconds, but for a site that is away at the first question.
   *
   * @throws {InvalidSignIn} when the site calls itself by another issuer, or points off its own origin
   * @throws {UpstreamUnavailable} when the site does not answer
   */
  async site(): Promise<Site> {
    const now = this.#clock()
    if (this.#found === undefined || now > this.#found.until) {
      const before = this.#questions
      const found = { site: this.#discover(), until: now + KEPT_MS }
      this.#found = found
      found.site
        .then((site) => (this.#last = site))
        .catch((error: unknown) => {
          const isCheap = error instanceof UpstreamUnavailable && this.#questions - before === 1
          if (!isCheap) found.until = this.#clock() + FAILURE_KEPT_MS
          else if (this.#found === found) this.#found = undefined
        })
    }
    return this.#found.site
  }

  /** What was found last, whoever is away now; undefined when nobody can tell. */
  async known(): Promise<Site | undefined> {
    return this.#last ?? this.site().catch(() => undefined)
  }

  /** Asks anew the next time: the site has said something that does not fit what was found. */
  forget(): void {
    this.#found = undefined
  }

  /** Asks anew in ten seconds: what was found may be changed by whoever hears of it. */
  doubt(): void {
    if (this.#found !== undefined) this.#found.until = Math.min(this.#found.until, this.#clock() + FAILURE_KEPT_MS)
  }

  async #discover(): Promise<Site> {
    const issuer = this.#issuer
    const server = await this.#ask(OAUTH_PATHS.serverMetadata)
    if (server.document?.['jwks_uri'] !== undefined) return judge({ issuer, server: server.document, openid: undefined, isDirect: true })
    // A Frappe 16 writes into its tokens what the second document says, which may not be what the first one does.
    const second = await this.#ask(OAUTH_PATHS.openidDiscovery)
    const openid =
      second.document === undefined && second.path !== OAUTH_PATHS.configuration ? await this.#ask(OAUTH_PATHS.configuration) : second
    const isDirect = second.document !== undefined && second.path === OAUTH_PATHS.openidDiscovery
    return judge({ issuer, server: server.document, openid: openid.document, isDirect })
  }

  /** The document at a path of the site, if there is one, and the path that it was looked for at last. */
  async #ask(first: string): Promise<{ readonly document?: Document; readonly path: string }> {
    const { origin, host } = new URL(this.#issuer)
    let path = first
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      this.#questions++
      const answer = await this.#send(`${origin}${path}`, { headers: { accept: 'application/json' } })
      const { status, json, headers } = answer
      if (status === 429 || status >= 500)
        throw new UpstreamUnavailable(outageOf(answer), `The site at ${origin} answered ${status}: try again later`, {
          retryAfterMs: retryAfterMs(headers, this.#clock()),
        })
      if (status < 300 || status >= 400)
        return status === 200 && isRecord(json) && 'issuer' in json && 'token_endpoint' in json ? { document: json, path } : { path }
      const target = new URL(headers.get('location') ?? '', `${origin}${path}`)
      // A site behind a proxy may not know that it is spoken to by https; it is asked by its own address in any case.
      if (target.host !== host)
        throw new InvalidSignIn(`The site at ${origin} sends ${first} to ${target.origin}: use that address as the issuer, if it is yours`)
      path = `${target.pathname}${target.search}`
    }
    return { path }
  }
}

/** Once an hour is seldom enough to be loaded then. */
async function judge(found: Found): Promise<Site> {
  const { siteOf } = await import('./site.ts')
  return siteOf(found)
}

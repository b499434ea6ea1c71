import { parseReturnTo, readHeader, type HeadersOf } from '../../sign-in/cookies.ts'
import type { Session } from '../../sign-in/sessions.ts'

/** What is known of a request besides its headers: a `Request`, or the request of node, Express or Fastify. */
type Asked = HeadersOf & { readonly method?: unknown; readonly url?: unknown; readonly originalUrl?: unknown }

/** Where people were when their sessions were read, to come back to after a sign-in. */
export class Places {
  readonly #origin: string
  readonly #basePath: string
  readonly #callback: string
  readonly #places = new WeakMap<Session, string>()

  /** @param basePath below it the connector answers itself, as it does at the redirect URI */
  constructor(redirectUri: string, basePath: string) {
    const { origin, pathname } = new URL(redirectUri)
    this.#origin = origin
    this.#basePath = basePath
    this.#callback = pathname
  }

  /** @returns the session as it was given */
  keep(session: Session | undefined, request: HeadersOf): Session | undefined {
    const place = this.seen(request)
    if (session !== undefined && place !== undefined) this.#places.set(session, place)
    return session
  }

  /** A place of the app's own origin; undefined when none is known. */
  of(session: Session): string | undefined {
    return this.#places.get(session)
  }

  /** What a person sees: the address of a page that is asked for, else of the page that asks; undefined when neither is of the app. */
  seen(request: Asked): string | undefined {
    const { method = 'GET', originalUrl, url = '' } = request
    const asked = String(originalUrl ?? url)
    // A proxy may have written another host and scheme.
    const target = !asked.startsWith('/') && URL.canParse(asked) ? new URL(asked).pathname + new URL(asked).search : asked
    const place = parseReturnTo(method === 'GET' && isPage(request) ? target : readHeader(request, 'referer'), this.#origin)
    return place === '/' || this.#isOwn(place) ? undefined : place
  }

  /** The connector's own: an answer of the site is good once, and nobody wants to be signed out by signing in. */
  #isOwn(place: string): boolean {
    const { pathname } = new URL(place, this.#origin)
    return pathname === this.#callback || pathname === this.#basePath || pathname.startsWith(`${this.#basePath}/`)
  }
}

/** Browsers say so; older ones by what they take. */
function isPage(request: HeadersOf): boolean {
  const mode = readHeader(request, 'sec-fetch-mode')
  return mode === undefined ? /text\/html/.test(readHeader(request, 'accept') ?? '') : mode === 'navigate'
}

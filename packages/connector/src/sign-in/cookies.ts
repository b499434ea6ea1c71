/** What carries a browser's headers: a `Request`, or the request of node, Express or Fastify. */
export interface HeadersOf {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
}

function readHeader({ headers }: HeadersOf, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** The browser's cookies; of a repeated name the first counts, which is the most specific. */
function readCookies(request: HeadersOf): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of (readHeader(request, 'cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals).trim()
    if (equals > 0 && !cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim())
  }
  return cookies
}

/** Cookies of this app at its own origin: HttpOnly, SameSite=Lax, for the whole origin, and on https with the `__Host-` prefix. */
export class OwnCookies {
  readonly #secure: boolean
  readonly #stem: string

  /** Cookies do not tell ports apart, so the client's id does: two apps on one host keep their sessions. */
  constructor(origin: string, clientId: string) {
    this.#secure = origin.startsWith('https:')
    this.#stem = `${this.#secure ? '__Host-' : ''}connector_${clientId.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 16)}_`
  }

  /** The cookies that this app has set, by their own short names. */
  read(request: HeadersOf): ReadonlyMap<string, string> {
    const own = [...readCookies(request)].filter(([name]) => name.startsWith(this.#stem))
    return new Map(own.map(([name, value]) => [name.slice(this.#stem.length), value]))
  }

  /** A `Set-Cookie` value; `maxAge` in seconds, 0 removes. The value must be url-safe. */
  write(name: string, value: string, maxAge: number): string {
    return `${this.#stem}${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${this.#secure ? '; Secure' : ''}`
  }
}

/**
 * Whether an unsafe request comes from a page of this origin, or from no browser at all.
 *
 * Browsers send `Sec-Fetch-Site` or, older ones, `Origin`, and no page can forge either.
 */
export function isOwnOrigin(request: HeadersOf, origin: string): boolean {
  const site = readHeader(request, 'sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const from = readHeader(request, 'origin')
  return from === undefined || from === origin
}

/** A place of the own origin to go to: path, query and fragment of what was asked, `/` for anything that leads elsewhere. */
export function parseReturnTo(target: string | null | undefined, origin: string): string {
  if (target === null || target === undefined || !URL.canParse(target, origin)) return '/'
  const url = new URL(target, origin)
  // A blob: address has the origin of what stands inside it, and a whole address for its path.
  return url.origin === origin && url.pathname.startsWith('/') ? `${url.pathname}${url.search}${url.hash}` : '/'
}

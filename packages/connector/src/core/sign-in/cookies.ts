/** What carries a browser's headers: a `Request`, or the request of node, Express or Fastify. */
export interface HeadersOf {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
}

export function readHeader({ headers }: HeadersOf, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** By what it can do: another realm, or a library, has a class of its own, whose names are no properties. */
const isHeaders = (headers: HeadersOf['headers']): headers is Headers => typeof headers['get' as keyof typeof headers] === 'function'

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

  /**
   * @param app its client id, or its port and host, of which the first letters count: cookies do not tell ports apart, and two apps on one host keep their sessions
   * @param tenant '' for an app of one site; its letters are those of `tenants.of`
   */
  constructor(origin: string, app: string, tenant = '') {
    this.#secure = origin.startsWith('https:')
    const name = app.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 16)
    this.#stem = `${this.#secure ? '__Host-' : ''}connector_${name}${tenant === '' ? '_' : `.${tenant}.`}`
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

/** What a return costs travels in a cookie of each sign-in, and anybody's link begins one: servers refuse long `Cookie` headers. */
const LONGEST_RETURN = 512

/** A place of the own origin to go to: path, query and fragment of what was asked, `/` for anything that leads elsewhere or is longer than 512 characters. */
export function parseReturnTo(target: string | null | undefined, origin: string): string {
  if (target === null || target === undefined || !URL.canParse(target, origin)) return '/'
  const url = new URL(target, origin)
  // A blob: address has the origin of what stands inside it, and a whole address for its path. Two slashes, read anew, begin a host.
  if (url.origin !== origin || !/^\/(?!\/)/.test(url.pathname)) return '/'
  const place = `${url.pathname}${url.search}${url.hash}`
  return place.length > LONGEST_RETURN ? '/' : place
}

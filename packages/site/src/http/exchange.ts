/** A file of a multipart form. Its name and type are what the sender says of it. */
export interface SentFile {
  readonly filename: string
  readonly contentType: string
  /** A view of the request's body. */
  readonly bytes: Buffer
}

/** One request, read to its end, as a handler sees it. `C` is who is calling; this room does not look inside. */
export interface Exchange<C> {
  /** GET for HEAD too. */
  readonly method: string
  /** Decoded path without the query. */
  readonly path: string
  /** Named parts of the route, percent-decoded once. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The fields of a form body, with repeated keys kept; absent when the body is none or JSON. */
  readonly form?: URLSearchParams
  /** Files of a multipart form, by the name of their part; of a repeated name the first. */
  readonly files: ReadonlyMap<string, SentFile>
  /** The JSON body; absent when there was none. */
  readonly json?: unknown
  /** Frappe's one argument set: the JSON body alone, or else the query with the form laid over it; the first value of a repeated key. */
  readonly args: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly cookies: Readonly<Record<string, string | undefined>>
  /** The caller's address; behind a trusted proxy, the one it names. */
  readonly ip: string
  readonly caller: C
  /** The CSRF token of the caller's session, for the forms of pages; absent without a session. */
  readonly csrf?: string
  /** Whether the caller would rather see a page than JSON. */
  readonly wantsPage: boolean
}

export interface Cookie {
  readonly name: string
  /** Percent-encoded when it is sent. */
  readonly value: string
  /** Seconds; 0 removes the cookie. */
  readonly maxAge: number
  readonly httpOnly: boolean
}

/** Bytes with the type they are sent as. A browser is told never to run them, whatever they are. */
export interface AnswerFile {
  /** Shown where a person saves it; may hold any character. */
  readonly filename: string
  readonly contentType: string
  readonly bytes: Buffer
  readonly disposition: 'inline' | 'attachment'
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly Cookie[]
  /** JSON, unless `page` or `file` is given. */
  readonly json?: unknown
  /** A whole HTML page. */
  readonly page?: string
  /** What a form of the page is answered with may lead to another site (an app, a provider). Forms of all other pages stay here. */
  readonly formsLeave?: boolean
  /** Bytes in place of JSON: a file. */
  readonly file?: AnswerFile
  /** A redirect (303, or `status`). */
  readonly location?: string
}

export type Handler<C> = (exchange: Exchange<C>) => Promise<Answer>

/** The facts by which a caller is known, before the handler runs. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly cookies: Readonly<Record<string, string | undefined>>
  readonly args: Readonly<Record<string, unknown>>
  readonly method: string
  readonly path: string
  readonly ip: string
}

/** Who is calling, as one authenticator found out. `csrf` is set when a cookie brought them. */
export interface Authenticated<C> {
  readonly caller: C
  readonly csrf?: string
  /** Cookies to set on the answer (a session that slides). */
  readonly cookies?: readonly Cookie[]
  /** A session was named that is no more: a 403 then says `session_expired: 1`. */
  readonly sessionExpired?: boolean
  /** The other origins whose scripts may act as this caller; absent where the browser's own rules decide. */
  readonly origins?: () => readonly string[]
  /** Called once before the handler, and may refuse; what comes back, at once or later, is called when the answer is made. */
  readonly enter?: () => Promise<() => void> | (() => void)
}

/**
 * Knows callers by one kind of credential. Undefined = that kind was not shown; the next is asked.
 *
 * @throws {FrappeError} `AuthenticationError` when it was shown and is not good
 */
export type Authenticator<C> = (credentials: Credentials) => Promise<Authenticated<C> | undefined>

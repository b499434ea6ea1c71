import type { ConnectionStore, SessionStore, StoredConnection } from '../../stores/connector-store.ts'
import { randomToken, sha256 } from '../sealing/base64.ts'
import type { HeadersOf, OwnCookies } from './cookies.ts'

const COOKIE = 'session'

/** Characters of a session's name that a store keeps as they are. */
const LONGEST_SID = 256

/** What a store keeps of the site's name for a browser session: a longer one by its hash, so that no site fills a row or an index. */
export const keptSid = async (sid: string): Promise<string> => (sid.length > LONGEST_SID ? `sha256:${await sha256(sid)}` : sid)

/** Who is signed in to the app in one browser. It outlives their access to the site: what is the app's own stays theirs. */
export interface Session {
  /** The id of their connection. */
  readonly connection: string
  readonly user: { readonly issuer: string; readonly subject: string; readonly name: string; readonly email: string | null }
}

/** Who somebody is to the app, by their connection. */
export const sessionOf = ({ id, issuer, subject, name, email }: StoredConnection): Session => ({
  connection: id,
  user: { issuer, subject, name, email },
})

/** Sessions of browsers: a random id in a cookie, its hash in the store. */
export class Sessions {
  readonly #sessions: SessionStore
  readonly #connections: ConnectionStore
  readonly #cookies: OwnCookies
  readonly #clock: () => number
  readonly #lifetimeMs: number

  constructor(
    store: { sessions: SessionStore; connections: ConnectionStore },
    cookies: OwnCookies,
    clock: () => number,
    lifetimeMs: number,
  ) {
    this.#sessions = store.sessions
    this.#connections = store.connections
    this.#cookies = cookies
    this.#clock = clock
    this.#lifetimeMs = lifetimeMs
  }

  async read(request: HeadersOf): Promise<Session | undefined> {
    const id = this.#cookies.read(request).get(COOKIE)
    const session = id === undefined ? undefined : await this.#sessions.read(await sha256(id), this.#clock())
    const connection = session && (await this.#connections.read(session.connection))
    return connection && sessionOf(connection)
  }

  /**
   * Starts a session under a new id and ends the one that the browser had. Gives the cookie to set.
   *
   * @param sid the site's name for the browser session, by which it may end this one
   */
  async insert(request: HeadersOf, connection: string, sid: string | null): Promise<string> {
    await this.#removeOf(request)
    const id = randomToken()
    await this.#sessions.insert({
      hash: await sha256(id),
      connection,
      expiresAt: this.#clock() + this.#lifetimeMs,
      sid: sid === null ? null : await keptSid(sid),
    })
    // Should the cookie live a little longer: the store says when it is over.
    return this.#cookies.write(COOKIE, id, Math.ceil(this.#lifetimeMs / 1000))
  }

  /** Ends the browser's session. Gives the cookie to set. */
  async remove(request: HeadersOf): Promise<string> {
    await this.#removeOf(request)
    return this.#cookies.write(COOKIE, '', 0)
  }

  async #removeOf(request: HeadersOf): Promise<void> {
    const id = this.#cookies.read(request).get(COOKIE)
    if (id !== undefined) await this.#sessions.remove(await sha256(id))
  }
}

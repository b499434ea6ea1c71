import { OAuthError } from '@annex/protocol'
import { ConsentDenied, InvalidSignIn, ScopeMissing, UpstreamUnavailable } from '../../errors.ts'
import { isOwnOrigin, parseReturnTo } from '../../sign-in/cookies.ts'
import { describeFailure, failurePage } from '../../sign-in/sign-in-pages.ts'
import { SignIn, type SignedIn } from '../../sign-in/sign-in.ts'
import type { Session } from '../../sign-in/sessions.ts'
import type { StoredConnection } from '../../../stores/connector-store.ts'
import { isSameScopes } from '../../tokens/token-responses.ts'
import type { HeldTokens } from '../../tokens/token-vault.ts'
import { revoke } from '../connection.ts'
import type { Room } from '../room.ts'
import type { SiteParts } from '../site-parts.ts'
import type { Answering } from './routes.ts'
import type { CommonOptions, SiteOptions } from '../options.ts'

/** What the connector answers to browsers that sign in and out: login, its callback, logout. */
export const signInRoom = (options: CommonOptions & SiteOptions, parts: SiteParts): Room => new SignInRoutes(options, parts)

class SignInRoutes implements Room {
  readonly routes: readonly Answering[]
  readonly #options: CommonOptions & SiteOptions
  readonly #parts: SiteParts
  readonly #signIn: SignIn

  constructor(options: CommonOptions & SiteOptions, parts: SiteParts) {
    this.#options = options
    this.#parts = parts
    this.#signIn = new SignIn({ ...parts, leases: parts.store.leases })
    const { basePath } = parts
    const callback = new URL(options.client.redirectUri).pathname
    this.routes = [
      { route: { method: 'GET', path: `${basePath}/login`, body: false }, answer: (request) => this.#login(request) },
      { route: { method: 'GET', path: callback, body: false }, answer: (request) => this.#callback(request) },
      { route: { method: 'POST', path: `${basePath}/logout`, body: false }, answer: (request) => this.#logout(request) },
    ]
  }

  async #login(request: Request): Promise<Response> {
    const { origin, signInUrl } = this.#parts
    const { searchParams } = new URL(request.url)
    const returnTo = parseReturnTo(searchParams.get('return_to'), origin)
    try {
      const session = await this.#sessionHere(request)
      const scopes = await this.#scopesFor(session, searchParams.get('scope'))
      const { url, cookies } = await this.#signIn.begin(request, { returnTo, scopes, opener: session?.user.subject ?? null })
      return redirect(url, cookies)
    } catch (error) {
      return this.#fail(error, signInUrl({ returnTo }), [])
    }
  }

  /**
   * A step-up asks for what is granted and what is missing, a sign-in for everything. A link, which may be a stranger's, makes
   * neither ask for less, nor for what the app is not set to ask for.
   */
  async #scopesFor(session: Session | undefined, more: string | null): Promise<readonly string[]> {
    const { required, optional = [] } = this.#options.scopes
    const granted = session === undefined || more === null ? [] : await this.#parts.connection(session.connection).scopes()
    if (more === null || granted.length === 0) return [...new Set([...required, ...optional])]
    const wanted = more.split(' ').filter((scope) => required.includes(scope) || optional.includes(scope))
    return [...new Set([...required, ...granted, ...wanted])]
  }

  async #callback(request: Request): Promise<Response> {
    const { vault, signInUrl, listeners, log, sessions, origin } = this.#parts
    const answer = new URL(request.url).searchParams
    const spent = this.#signIn.spentCookies(request, answer)
    try {
      const signedIn = await this.#signIn.finish(request, answer)
      const refusal = await this.#refusalOf(request, signedIn)
      if (refusal !== undefined) return await this.#fail(refusal.error, refusal.again, spent)
      const { person, tokens, returnTo, sid } = signedIn
      const { connection, replaced, isNew } = await vault.keep(person, tokens)
      if (replaced !== undefined) this.#replace(replaced, connection)
      log('signed-in', { connection: connection.id })
      void listeners.emit('signed-in', { connection: connection.id, isNew })
      return redirect(`${origin}${returnTo}`, [...spent, await sessions.insert(request, connection.id, sid)])
    } catch (error) {
      return this.#fail(error, signInUrl(), spent)
    }
  }

  /**
   * What keeps a sign-in from counting: a right that the app cannot do without, or another person than the one who began it. It
   * changes nothing then: the tokens that it brought are ended at the site, and those from before live on.
   */
  async #refusalOf(request: Request, signedIn: SignedIn): Promise<{ readonly error: Error; readonly again: string } | undefined> {
    const { requests, signInUrl } = this.#parts
    const { person, tokens, returnTo, opener } = signedIn
    const missing = this.#options.scopes.required.filter((scope) => !tokens.scopes.includes(scope))
    const here = (await this.#sessionHere(request))?.user.subject ?? opener
    const isOther = here !== null && here !== person.subject
    if (!isOther && missing.length === 0) return undefined
    void revoke(requests, tokens)
    const again = signInUrl(isOther ? { returnTo } : { returnTo, scopes: missing })
    return { error: isOther ? otherPerson(person.name) : new ScopeMissing(missing, again), again }
  }

  /** The old grant would lie at the site until it ends, unused and unseen. That it ends now need not be waited for. */
  #replace(replaced: HeldTokens, { id, scopes: after }: StoredConnection): void {
    const { requests, listeners } = this.#parts
    void revoke(requests, replaced)
    const before = replaced.connection.scopes
    if (!isSameScopes(before, after)) void listeners.emit('scopes-changed', { connection: id, before, after })
  }

  /** Who is signed in in this browser, as a person of this site. */
  async #sessionHere(request: Request): Promise<Session | undefined> {
    const session = await this.#parts.session(request)
    return session?.user.issuer === this.#options.issuer ? session : undefined
  }

  async #logout(request: Request): Promise<Response> {
    const { origin, sessions, session, listeners } = this.#parts
    if (!isOwnOrigin(request, origin)) return new Response('Sign out from a page of the app itself', { status: 403 })
    const signedIn = await session(request)
    const there = new URL(request.url).searchParams.has('site') ? await this.#siteSignOutUrl(signedIn) : undefined
    const cookie = await sessions.remove(request)
    if (signedIn !== undefined) void listeners.emit('signed-out', { connection: signedIn.connection, by: 'person' })
    return redirect(there ?? `${origin}/`, [cookie])
  }

  async #siteSignOutUrl(session: Session | undefined): Promise<string | undefined> {
    const { siteSignOutUrl } = await import('../../sign-in/sign-out.ts')
    const held = session === undefined ? undefined : await this.#parts.vault.read(session.connection)
    return siteSignOutUrl(this.#parts, held?.idToken ?? null)
  }

  async #fail(error: unknown, again: string, cookies: readonly string[]): Promise<Response> {
    if (!isSignInError(error)) throw error
    this.#parts.log('sign-in-failed', { reason: error.message })
    const answer = await (this.#options.onSignInFailed ?? failurePage)(describeFailure(error, again, this.#options.issuer))
    for (const cookie of cookies) answer.headers.append('set-cookie', cookie)
    return answer
  }
}

const otherPerson = (name: string): InvalidSignIn =>
  new InvalidSignIn(
    `You came back from the site as ${name}, but somebody else had begun the sign-in here. Nothing was changed: to go on as ${name}, sign out of this app first; else sign in at the site as whoever is signed in here`,
  )

const isSignInError = (error: unknown): error is Error =>
  [ConsentDenied, InvalidSignIn, ScopeMissing, UpstreamUnavailable, OAuthError].some((kind) => error instanceof kind)

function redirect(url: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location: url, 'cache-control': 'no-store' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

import { FrappeError } from '@annex/protocol'
import type { Answer, Exchange } from '../http/exchange.ts'
import type { HttpServer } from '../http/server.ts'
import { homePage } from '../pages/home-page.ts'
import { paths } from '../pages/paths.ts'
import { signInPage } from '../pages/sign-in-page.ts'
import { texts } from '../pages/texts.ts'
import type { Principal } from '../policy/principal.ts'
import type { Accounts } from './accounts/accounts.ts'
import { readPerson } from './person.ts'
import { redirectTarget } from './redirect-target.ts'
import { endedCookies, sessionCookies } from './sessions/session-cookies.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { SignedIn, SignIn } from './sign-in.ts'

export interface IdentityRoutesParts {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly signIn: SignIn
  /** The site's own origin. */
  readonly issuer: () => string
}

/** Bytes: anybody may send a sign-in. */
const BODY_LIMIT = 1024 * 1024

type Request = Exchange<Principal>

/** Signing in and out, by Frappe's methods and by pages, and the start page. */
export function identityRoutes(server: HttpServer<Principal>, parts: IdentityRoutesParts): void {
  server.route('POST', '/api/method/login', (request) => signIn(parts, request), {
    csrf: 'origin',
    bodyLimit: BODY_LIMIT,
    command: 'login',
  })
  server.route(['GET', 'POST'], '/api/method/logout', (request) => signOut(parts, request), { command: 'logout' })
  server.route('GET', paths.signIn, (request) => showSignIn(parts, request))
  server.route('POST', paths.signIn, (request) => signInByPage(parts, request), { csrf: 'origin', bodyLimit: BODY_LIMIT })
  server.route('POST', paths.signOut, (request) => signOutByPage(parts, request), { csrf: 'required' })
  // `/me` is where Frappe's clients send who does not work at the Desk.
  for (const path of ['/', '/me']) server.route('GET', path, async () => ({ location: paths.home }), { takesCommands: 'anywhere' })
  server.route('GET', paths.home, (request) => showHome(parts, request))
}

const start = ({ signIn: door }: IdentityRoutesParts, { args, ip, caller }: Request): Promise<SignedIn> =>
  door.start({ user: args['usr'], password: args['pwd'], ip, previous: caller.session })

async function signIn(parts: IdentityRoutesParts, request: Request): Promise<Answer> {
  const { sid, account } = await start(parts, request)
  const [message, home] = account.systemUser ? ['Logged In', paths.home] : ['No App', '/me']
  return { json: { message, home_page: home, full_name: account.fullName }, cookies: sessionCookies(sid, account) }
}

/** Old clients sign out by GET; another site must not make a browser do so. */
async function signOut({ sessions }: IdentityRoutesParts, { caller, headers }: Request): Promise<Answer> {
  if (headers['sec-fetch-site'] === 'cross-site')
    throw new FrappeError('CSRFTokenError', 'Another site asked to sign you out; do it on this site')
  if (caller.session !== undefined) await sessions.end(caller.session)
  return { json: { message: 'No App', home_page: paths.signIn, full_name: 'Guest' }, cookies: endedCookies }
}

async function showSignIn({ issuer }: IdentityRoutesParts, { caller, query }: Request): Promise<Answer> {
  const target = redirectTarget(query.get('redirect-to'), issuer(), paths.home)
  // An app may ask for a fresh sign-in of somebody who is signed in already.
  return caller.session === undefined || query.has('again') ? { page: signInPage({ redirectTo: target }) } : { location: target }
}

async function signInByPage(parts: IdentityRoutesParts, request: Request): Promise<Answer> {
  const target = redirectTarget(request.args['redirect-to'], parts.issuer(), paths.home)
  try {
    const { sid, account } = await start(parts, request)
    return { location: target, cookies: sessionCookies(sid, account) }
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    const user = typeof request.args['usr'] === 'string' ? request.args['usr'] : undefined
    const sentence = error.message === 'Invalid login credentials' ? texts.signIn.failed : error.message
    return { status: error.status, headers: error.options.headers ?? {}, page: signInPage({ redirectTo: target, user, error: sentence }) }
  }
}

async function signOutByPage({ sessions }: IdentityRoutesParts, { caller }: Request): Promise<Answer> {
  if (caller.session !== undefined) await sessions.end(caller.session)
  return { location: paths.signIn, cookies: endedCookies }
}

async function showHome({ accounts }: IdentityRoutesParts, request: Request): Promise<Answer> {
  // A token or an API key opens no page.
  if (request.caller.session === undefined) return { location: `${paths.signIn}?redirect-to=${encodeURIComponent(paths.home)}` }
  return { page: homePage(await readPerson(accounts, request)) }
}

import { FrappeError } from '@annex/protocol'
import type { Answer, Exchange } from '../http/exchange.ts'
import type { HttpServer } from '../http/server.ts'
import { homePage } from '../pages/home-page.ts'
import { paths } from '../pages/paths.ts'
import { recoveryCodesPage } from '../pages/account/factor-page.ts'
import { setUpFactorPage } from '../pages/account/set-up-factor-page.ts'
import { signInCodePage } from '../pages/account/sign-in-code-page.ts'
import { signInPage } from '../pages/sign-in-page.ts'
import { signOutPage } from '../pages/sign-out-page.ts'
import { texts } from '../pages/texts.ts'
import type { Principal } from '../policy/principal.ts'
import type { Accounts } from './accounts/accounts.ts'
import { secondStepJson, secondStepPage } from './factor/second-step.ts'
import { readPerson } from './person.ts'
import { redirectTarget } from './redirect-target.ts'
import { endedCookies, sessionCookies } from './sessions/session-cookies.ts'
import type { Sessions } from './sessions/sessions.ts'
import { INCOMPLETE, type CodeWanted, type SignedIn, type SignIn } from './sign-in.ts'

export interface IdentityRoutesParts {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly signIn: SignIn
  /** Other providers that the sign-in page names; none when absent. */
  readonly providers?: () => Promise<NonNullable<Parameters<typeof signInPage>[0]['providers']>>
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
  server.route('GET', paths.signOut, (request) => showSignOut(parts, request))
  server.route('POST', paths.signOut, (request) => signOutByPage(parts, request), { csrf: 'required' })
  // `/me` is where Frappe's clients send who does not work at the Desk.
  for (const path of ['/', '/me']) server.route('GET', path, async () => ({ location: paths.home }), { takesCommands: 'anywhere' })
  server.route('GET', paths.home, (request) => showHome(parts, request))
}

/** The first step has a user and a password; the second the id that the first gave, and a code. */
function start(
  { signIn: door }: IdentityRoutesParts,
  { args, ip, caller, headers }: Request,
  setsUp = false,
): Promise<SignedIn | CodeWanted> {
  const place = { ip, userAgent: headers['user-agent'], previous: caller.session }
  if (isSecondStep(args)) return door.finish({ ...place, pending: args['tmp_id'], code: args['otp'], setsUp })
  return door.start({ ...place, user: args['usr'], password: args['pwd'] })
}

/** Some clients send the fields of both steps each time, and leave those of the other empty. */
const isSecondStep = (args: Request['args']): boolean => typeof args['tmp_id'] === 'string' && args['tmp_id'] !== ''

async function signIn(parts: IdentityRoutesParts, request: Request): Promise<Answer> {
  const begun = await start(parts, request)
  if ('pending' in begun) return { json: secondStepJson(begun, parts.issuer()) }
  const { sid, account } = begun
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

async function showSignIn({ issuer, providers }: IdentityRoutesParts, { caller, query }: Request): Promise<Answer> {
  const target = redirectTarget(query.get('redirect-to'), issuer(), paths.home)
  // An app may ask for a fresh sign-in of somebody who is signed in already.
  if (caller.session !== undefined && !query.has('again')) return { location: target }
  return { page: signInPage({ redirectTo: target, providers: (await providers?.()) ?? [] }), formsLeave: true }
}

async function signInByPage(parts: IdentityRoutesParts, request: Request): Promise<Answer> {
  const target = redirectTarget(request.args['redirect-to'], parts.issuer(), paths.home)
  try {
    const begun = await start(parts, request, isSetUpForm(request))
    if ('pending' in begun) return { page: await secondStepPage(parts, begun, target), formsLeave: true }
    const cookies = sessionCookies(begun.sid, begun.account)
    return begun.recoveryCodes
      ? { page: recoveryCodesPage({ codes: begun.recoveryCodes, href: target }), cookies }
      : { location: target, cookies }
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    return {
      status: error.status,
      headers: error.options.headers ?? {},
      page: refusedPage(request, target, error.message, (await parts.providers?.()) ?? []),
      formsLeave: true,
    }
  }
}

function refusedPage(
  { args }: Request,
  redirectTo: string,
  message: string,
  providers: Parameters<typeof signInPage>[0]['providers'] = [],
): string {
  if (!isSecondStep(args)) {
    const user = typeof args['usr'] === 'string' ? args['usr'] : undefined
    return signInPage({ redirectTo, user, error: SENTENCES[message] ?? message, providers })
  }
  if (message === INCOMPLETE) return signInPage({ redirectTo, error: texts.signIn.tooLate, providers })
  const view = { pending: String(args['tmp_id']), redirectTo, error: SENTENCES[message] ?? message }
  return isSetUpForm({ args }) ? setUpFactorPage(view) : signInCodePage(view)
}

/** A form of the page that sets a second factor up: programs cannot. */
const isSetUpForm = ({ args }: Pick<Request, 'args'>): boolean => args['set_up'] === '1'

/** What Frappe's clients wait for, said for people. */
const SENTENCES: Readonly<Record<string, string>> = {
  'Invalid login credentials': texts.signIn.failed,
  'Incorrect Verification code': texts.signIn.wrongCode,
}

/** A link ends no session: the page asks. */
async function showSignOut({ accounts }: IdentityRoutesParts, request: Request): Promise<Answer> {
  if (request.caller.session === undefined) return { location: paths.signIn }
  return { page: signOutPage({ person: await readPerson(accounts, request), action: paths.signOut, hidden: {} }) }
}

async function signOutByPage({ sessions }: IdentityRoutesParts, { caller, args }: Request): Promise<Answer> {
  if (args['decision'] === 'stay') return { location: paths.home }
  if (caller.session !== undefined) await sessions.end(caller.session)
  return { location: paths.signIn, cookies: endedCookies }
}

async function showHome({ accounts }: IdentityRoutesParts, request: Request): Promise<Answer> {
  // A token or an API key opens no page.
  if (request.caller.session === undefined) return { location: `${paths.signIn}?redirect-to=${encodeURIComponent(paths.home)}` }
  return { page: homePage(await readPerson(accounts, request)) }
}

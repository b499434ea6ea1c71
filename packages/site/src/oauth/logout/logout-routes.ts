import { OAUTH_PATHS, OAuthError } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { errorPage } from '../../pages/error-page.ts'
import { paths } from '../../pages/paths.ts'
import { signOutPage, signedOutPage } from '../../pages/sign-out-page.ts'
import type { Principal } from '../../policy/principal.ts'
import { refusalAnswer } from '../authorize/authorization-answer.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { LOGOUT_PARAMETERS, readLogoutRequest, type LogoutRequest, type LogoutRequestParts } from './logout-request.ts'

export interface LogoutParts extends LogoutRequestParts, Pick<OAuthParts, 'users' | 'audit'> {}

type Request = Exchange<Principal>

/** Bytes: an id_token, an address and a state. All of it is sent back as an address, to whoever it came from. */
const BODY_LIMIT = 64 * 1024
/** Where the form of the page that asks is posted. */
const CONFIRM = `${OAUTH_PATHS.endSession}.confirm`

/**
 * Signing out at the wish of an app. With an id_token of the person it is done at once; without one they are asked, so that no
 * link signs anybody out. Grants live on: an app that works while its user is away goes on doing so.
 *
 * @see OpenID Connect RP-Initiated Logout 1.0
 */
export function logoutRoutes(server: HttpServer<Principal>, parts: LogoutParts): void {
  server.route(
    'GET',
    OAUTH_PATHS.endSession,
    refusing((exchange) => endSession(exchange, parts)),
  )
  // A form of the app's own site comes without our cookie; the redirect brings the browser back with it.
  server.route('POST', OAUTH_PATHS.endSession, async ({ form }) => ({ location: addressOf(form ?? new URLSearchParams()), page: '' }), {
    authenticate: 'none',
    bodyLimit: BODY_LIMIT,
  })
  server.route(
    'POST',
    CONFIRM,
    refusing((exchange) => confirm(exchange, parts)),
    { csrf: 'required' },
  )
}

/** What is wrong is shown to the person and sent nowhere. */
function refusing(handler: (exchange: Request) => Promise<Answer>): (exchange: Request) => Promise<Answer> {
  return async (exchange) => {
    try {
      return await handler(exchange)
    } catch (error) {
      if (error instanceof OAuthError) return refusalAnswer(error, exchange.wantsPage, errorPage)
      throw error
    }
  }
}

async function endSession(exchange: Request, parts: LogoutParts): Promise<Answer> {
  const request = await readLogoutRequest(exchange.query, parts)
  const { session, user } = exchange.caller
  if (session === undefined) return leave(request)
  const person = await parts.users.person(user)
  if (request.hint !== undefined && request.hint.sub === person?.sub) return signOut(exchange, request, parts)
  const page = signOutPage({
    person: { fullName: person?.fullName ?? user, csrf: exchange.csrf ?? '', systemManager: exchange.caller.roles.has('System Manager') },
    action: CONFIRM,
    hidden: Object.fromEntries(carried(exchange.query)),
    appName: request.client?.name,
    host: request.location === undefined ? undefined : hostOf(request.location),
  })
  return { page, formsLeave: true }
}

async function confirm(exchange: Request, parts: LogoutParts): Promise<Answer> {
  const form = exchange.form ?? new URLSearchParams()
  // Judged again: what stands in the form came from outside.
  const request = await readLogoutRequest(form, parts)
  return form.get('decision') === 'sign-out' ? signOut(exchange, request, parts) : { location: paths.home, page: '' }
}

async function signOut({ caller, ip }: Request, request: LogoutRequest, { users, audit, database }: LogoutParts): Promise<Answer> {
  const cookies = caller.session === undefined ? [] : await users.endSession(caller.session)
  await audit.write(database.connection, { event: 'sign-out', user: caller.user, client: request.client?.id, ip })
  return { ...leave(request), cookies }
}

const leave = ({ location }: LogoutRequest): Answer => (location === undefined ? { page: signedOutPage() } : { location, page: '' })

const addressOf = (form: URLSearchParams): string => `${OAUTH_PATHS.endSession}?${new URLSearchParams(carried(form)).toString()}`

/** What comes twice goes on twice: it is refused where it is judged. */
const carried = (values: URLSearchParams): [name: string, value: string][] =>
  LOGOUT_PARAMETERS.flatMap((name) => values.getAll(name).map((value): [string, string] => [name, value]))

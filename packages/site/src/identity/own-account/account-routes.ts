import type { Connection, Database } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { accountPage } from '../../pages/account/account-page.ts'
import { paths } from '../../pages/paths.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { CredentialsListener } from '../accounts/user-controller.ts'
import { readPerson } from '../person.ts'
import { endedCookies } from '../sessions/session-cookies.ts'
import type { ListedSession, Sessions } from '../sessions/sessions.ts'
import type { PasswordProof } from './password-proof.ts'
import { proofOf, requireProof } from './session-proof.ts'
import type { SocialIdentities } from './social-identities.ts'

export interface AccountRoutesParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly audit: Audit
  readonly identities: SocialIdentities
  readonly proof: PasswordProof
  /** UTC microseconds. */
  readonly now: () => number
  /** Ends what the user has allowed apps to do. */
  readonly endGrants: CredentialsListener
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
}

type Request = Exchange<Principal>
/** What a request of somebody with a session asks for. */
type Act = (parts: AccountRoutesParts, request: Request, session: string) => Promise<Answer>

const END = `${paths.account}/end-session`
const END_OTHERS = `${paths.account}/end-others`
const END_ALL = `${paths.account}/end-all`
const UNTIE = `${paths.account}/untie`

/** A person's own account: where they are signed in, by which other sites, and how it ends. */
export function accountRoutes(server: HttpServer<Principal>, parts: AccountRoutesParts): void {
  server.route('GET', paths.account, forSession(parts, show))
  for (const [path, act] of [
    [END, endOne],
    [END_OTHERS, endOthers],
    [END_ALL, endAll],
    [UNTIE, untie],
  ] as const)
    server.route('POST', path, forSession(parts, act), { csrf: 'required' })
}

/** A token or an API key opens no page. */
const forSession =
  (parts: AccountRoutesParts, act: Act) =>
  async (request: Request): Promise<Answer> =>
    request.caller.session === undefined
      ? { location: `${paths.signIn}?redirect-to=${encodeURIComponent(paths.account)}` }
      : act(parts, request, request.caller.session)

async function show(parts: AccountRoutesParts, request: Request, own: string, refusal?: Refusal): Promise<Answer> {
  const { user } = request.caller
  const view = {
    person: await readPerson(parts.accounts, request),
    sessions: (await parts.sessions.list(user)).map((session) => viewOf(session, own, parts.zone)),
    identities: (await parts.identities.list(user)).map(({ created, ...identity }) => ({
      ...identity,
      since: shownTime(created, parts.zone),
    })),
    proof: await proofOf(parts, user, own),
    endAction: END,
    endOthersAction: END_OTHERS,
    endAllAction: END_ALL,
    untieAction: UNTIE,
    error: refusal?.message,
  }
  return { ...(refusal && { status: refusal.status, headers: refusal.headers }), page: accountPage(view) }
}

/** Why a page is shown again. */
interface Refusal {
  readonly status: number
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

const viewOf = ({ hash, browser, ip, created, lastSeen }: ListedSession, own: string, zone: string) => ({
  id: hash,
  browser,
  address: ip,
  begun: shownTime(created, zone),
  lastSeen: shownTime(lastSeen, zone),
  isThis: hash === own,
})

/** `YYYY-MM-DD HH:MM`. */
const shownTime = (micros: number, zone: string): string => formatTimestamp(micros, zone).slice(0, 16)

const endOne: Act = async (parts, request, own) => {
  const { user } = request.caller
  const hash = request.form?.get('session') ?? ''
  const ended = await durably(parts, async (connection) => {
    if (!(await parts.sessions.endOwn(connection, user, hash))) return false
    await parts.audit.write(connection, { event: 'session ended', user, detail: { which: hash === own ? 'this one' : 'another' } })
    return true
  })
  if (!ended) return show(parts, request, own, { status: 404, message: texts.account.gone, headers: {} })
  return hash === own ? signedOut : { location: paths.account }
}

const endOthers: Act = async (parts, { caller: { user } }, own) => {
  await durably(parts, async (connection) => {
    await parts.sessions.endOthers(connection, user, own)
    await parts.audit.write(connection, { event: 'session ended', user, detail: { which: 'all others' } })
  })
  return { location: paths.account }
}

const endAll: Act = async (parts, { caller: { user } }) => {
  await durably(parts, async (connection) => {
    await parts.sessions.endAll(connection, user)
    await parts.endGrants(connection, user)
    await parts.audit.write(connection, { event: 'session ended', user, detail: { which: 'all, and every grant' } })
  })
  return signedOut
}

const untie: Act = async (parts, request, own) => {
  try {
    await requireProof(parts, request, own)
    await parts.identities.untie(request.caller.user, request.form?.get('issuer') ?? '')
    return { location: paths.account }
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    return show(parts, request, own, { status: error.status, message: error.message, headers: error.options.headers ?? {} })
  }
}

const signedOut: Answer = { location: paths.signIn, cookies: endedCookies }

const durably = <T>({ database }: AccountRoutesParts, work: (connection: Connection) => Promise<T>): Promise<T> =>
  database.transaction(work, { durable: true })

import { FrappeError, OAUTH_PATHS, OAuthError } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Limits } from '../../http/limits.ts'
import { errorPage } from '../../pages/error-page.ts'
import { paths } from '../../pages/paths.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import { SITE_OFF } from '../access/api-access.ts'
import { NotForUser } from '../access/not-for-user.ts'
import type { Admission } from '../admission.ts'
import type { Approvals } from '../clients/approvals/approvals.ts'
import { explainMismatch } from '../clients/redirects/redirect-miss.ts'
import type { Grants } from '../grants/grants.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { awaitApproval } from './consent/await-approval.ts'
import { codeAnswer, errorAnswer, refusalAnswer, type AnswerFacts } from './authorization-answer.ts'
import { AuthorizationRequest } from './authorization-request.ts'
import {
  UnknownClient,
  checkRequest,
  checkRole,
  isTooLong,
  proveReceiver,
  tooLong,
  type Asking,
  type CheckParts,
  type Receiver,
} from './checks.ts'
import type { Codes } from './codes.ts'
import { isConsentGiven } from './consent/consent.ts'
import { readConsentFacts, type AuthorizeFacts } from './consent/consent-facts.ts'
import { faultOfRequested, type TryFilters } from './details/requested-fault.ts'
import { openConsent, type SignedIn } from './consent/open-consent.ts'
import { noDoctypeAnswer } from './requested/no-doctype-answer.ts'
import { ScopeRefused } from './requested/requested-scopes.ts'

export interface AuthorizeParts extends CheckParts, Pick<OAuthParts, 'users' | 'audit' | 'documents' | 'zone' | 'now'> {
  readonly grants: Grants
  readonly codes: Codes
  readonly admission: Admission
  readonly approvals: Approvals
  readonly tryFilters: TryFilters
  /** Requests of one session: each may open a consent page. */
  readonly requests: Limits
  /** Of one user in all sessions: each may make a code and a grant, which stay a month. */
  readonly requestsOfUser: Limits
}

type Request = Exchange<Principal>

/**
 * The authorization endpoint: proves the receiver, the user and the request, in this order, and asks for consent
 * where it is not given yet.
 *
 * @see RFC 6749 section 4.1.1, RFC 9700 section 4
 */
export class AuthorizeEndpoint {
  readonly #parts: AuthorizeParts

  constructor(parts: AuthorizeParts) {
    this.#parts = parts
  }

  async handle(exchange: Request): Promise<Answer> {
    const { user, session } = exchange.caller
    if (session !== undefined) {
      await this.#parts.requests.consume(user, session)
      await this.#parts.requestsOfUser.consume(user)
    }
    return this.withReceiver(
      exchange,
      () => AuthorizationRequest.of(exchange),
      (request, receiver) => this.#receive(exchange, request, receiver),
    )
  }

  /** Shows what is wrong with the receiver to the person; from then on the app may be told. */
  async withReceiver(
    exchange: Request,
    read: () => AuthorizationRequest,
    next: (request: AuthorizationRequest, receiver: Receiver) => Promise<Answer>,
  ): Promise<Answer> {
    let request: AuthorizationRequest
    let receiver: Receiver
    try {
      request = read()
      receiver = await proveReceiver(request, this.#parts)
    } catch (error) {
      if (error instanceof UnknownClient) await this.#workAsForKnown(exchange)
      if (error instanceof OAuthError) return refusalAnswer(explained(error, exchange), exchange.wantsPage, errorPage)
      throw error
    }
    return next(request, receiver)
  }

  /** What is done before a client is refused for its user's roles, so that the time does not tell the two apart. */
  async #workAsForKnown(exchange: Request): Promise<void> {
    const { session, user } = exchange.caller
    if (session === undefined || (await this.#parts.users.signedInAt(session)) === undefined) return
    await this.#parts.audit.refuse({ event: 'oauth.authorize.refused', user, ip: exchange.ip, reason: 'client' })
  }

  async #receive(exchange: Request, request: AuthorizationRequest, receiver: Receiver): Promise<Answer> {
    const signedIn = await this.signedIn(exchange, request, receiver)
    if (signedIn) return this.withRequest(exchange, signedIn, () => this.#ask(exchange, signedIn))
    if (request.prompts().has('none')) return errorAnswer(this.facts(request, receiver), loginRequired())
    // All of it would stand in the address of the sign-in, of which whoever asks may be nobody.
    if (isTooLong(request)) return errorAnswer(this.facts(request, receiver), tooLong())
    return signInAnswer(request)
  }

  /** The user behind the session; a caller by token or API key has none and must sign in. */
  async signedIn(exchange: Request, request: AuthorizationRequest, receiver: Receiver): Promise<SignedIn | undefined> {
    const principal = exchange.caller
    const { session } = principal
    const authTime = session === undefined ? undefined : await this.#parts.users.signedInAt(session)
    if (session === undefined || authTime === undefined || exchange.csrf === undefined) return undefined
    return { ...receiver, request, principal, session, authTime }
  }

  /** Judges the request of a user who is signed in; what is wrong with it is told to the app. */
  async withRequest(exchange: Request, signedIn: SignedIn, next: () => Promise<Answer>): Promise<Answer> {
    try {
      checkRole(signedIn)
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      await this.#auditRefusal(exchange, signedIn, 'role')
      return refusalAnswer(error, exchange.wantsPage, errorPage)
    }
    try {
      await checkRequest(signedIn, this.#parts)
      await this.#checkAdmission(exchange, signedIn)
      return (await awaitApproval(this.#parts, exchange, signedIn)) ?? (await next())
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      if (error instanceof NotForUser) await this.#auditRefusal(exchange, signedIn, error.reason)
      if (error instanceof ScopeRefused) await this.#auditRefusal(exchange, signedIn, 'scope', error.token)
      const answer = errorAnswer(this.facts(signedIn.request, signedIn), error)
      return (await noDoctypeAnswer(this.#parts, exchange, signedIn, error, answer.location)) ?? answer
    }
  }

  /** Says in a sentence why apps cannot act for Administrator; an app that asks silently is told that it may not act. */
  async #checkAdmission(exchange: Request, { principal, request, client }: SignedIn): Promise<void> {
    const fault = await this.#parts.admission.accessFault(principal)
    if (fault === SITE_OFF) throw new OAuthError('access_denied', fault)
    if (fault !== undefined) throw new NotForUser('api access', fault)
    if (this.#parts.admission.admits(principal.user)) return
    if (request.prompts().has('none')) throw new NotForUser('administrator', texts.consent.administrator)
    await this.#auditRefusal(exchange, { principal, client }, 'administrator')
    throw new FrappeError('PermissionError', texts.consent.administrator)
  }

  async #ask(exchange: Request, signedIn: SignedIn): Promise<Answer> {
    const { request } = signedIn
    const facts = await readConsentFacts(this.#parts, signedIn)
    if (this.#isStale(signedIn)) {
      if (request.prompts().has('none')) throw loginRequired()
      return signInAnswer(
        request.get('signed_in_after') === undefined ? request.with({ signed_in_after: String(this.#parts.now()) }) : request,
        true,
      )
    }
    // An app that asks silently is told the same whatever its user may see.
    if (isConsentGiven(facts) && (await faultOfRequested(this.#parts, signedIn, facts)) === undefined)
      return this.#answerAtOnce(signedIn, facts)
    if (request.prompts().has('none')) throw new OAuthError('consent_required', 'The user has not allowed all of this yet')
    return openConsent(this.#parts, exchange, signedIn, facts)
  }

  async #answerAtOnce(signedIn: SignedIn, facts: AuthorizeFacts): Promise<Answer> {
    const { requested, choices } = facts
    const decided = { granted: [...facts.scopes], rejected: [] }
    const code = await this.#parts.codes.issue({ asking: signedIn, requested, decided, choices, authTime: signedIn.authTime })
    if (code === undefined) throw loginRequired()
    return codeAnswer(this.facts(signedIn.request, signedIn), code)
  }

  /** Whether the app wants a fresher sign-in. `signed_in_after` is ours: it ends the loop once the user has signed in again. */
  #isStale({ request, authTime }: SignedIn): boolean {
    const prompts = request.prompts()
    const after = request.get('signed_in_after')
    if (after !== undefined && authTime >= Number(after)) return false
    const age = request.get('max_age')
    return (
      prompts.has('login') || prompts.has('select_account') || (age !== undefined && this.#parts.now() - authTime > Number(age) * 1_000_000)
    )
  }

  facts(request: AuthorizationRequest, { redirectUri }: Pick<Receiver, 'redirectUri'>): AnswerFacts {
    return { redirectUri, request, issuer: this.#parts.issuer() }
  }

  async #auditRefusal(
    { ip }: Request,
    { principal, client }: Pick<Asking, 'principal' | 'client'>,
    reason: string,
    scope?: string,
  ): Promise<void> {
    await this.#parts.audit.refuse({ event: 'oauth.authorize.refused', user: principal.user, client: client.id, ip, reason, scope })
  }
}

/** The app's owner is told what differs, on the page alone. */
const explained = (error: OAuthError, { caller, wantsPage }: Request): OAuthError => (wantsPage ? explainMismatch(error, caller) : error)

const loginRequired = (): OAuthError => new OAuthError('login_required', 'The user must sign in')

/** Relative, so that it stays on this site. `again` asks for the password of somebody who is signed in already. */
const signInAnswer = (request: AuthorizationRequest, again = false): Answer => ({
  status: 302,
  location: `${paths.signIn}?${again ? 'again=1&' : ''}redirect-to=${encodeURIComponent(`${OAUTH_PATHS.authorize}?${request.withEachScopeOnce().toString()}`)}`,
  page: '',
})

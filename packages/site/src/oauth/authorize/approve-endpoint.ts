import { OAUTH_PATHS, OAuthError, isRecord } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import { errorPage } from '../../pages/error-page.ts'
import type { Principal } from '../../policy/principal.ts'
import type { PendingRequestRow } from '../storage/oauth-tables.ts'
import { hashOf } from '../token-text.ts'
import { codeAnswer, errorAnswer, refusalAnswer } from './authorization-answer.ts'
import { AuthorizationRequest } from './authorization-request.ts'
import type { AuthorizeEndpoint, AuthorizeParts } from './authorize-endpoint.ts'
import { decide } from './consent/consent.ts'
import { readConsentFacts } from './consent/consent-facts.ts'
import { readConsentForm } from './consent/consent-form.ts'
import { consentAnswer } from './consent/consent-view.ts'
import type { SignedIn } from './consent/open-consent.ts'
import { faultOfRequested } from './details/requested-fault.ts'
import { consumePending, readPending } from './consent/pending-requests-store.ts'
import { END_OLDER } from './older/older-connections.ts'
import { choosableDoctypes, isRowField, limitRows, readChoices } from './rows/row-choices.ts'
import { sentenceOfUnseen } from './rows/unseen-choices.ts'

type Request = Exchange<Principal>

/** What a consent page was opened for. */
interface Pending {
  readonly row: PendingRequestRow
  readonly request: AuthorizationRequest
  readonly offered: readonly string[]
}

const wrong = (sentence: string): OAuthError => new OAuthError('invalid_request', sentence)

/**
 * Takes the decision from the consent page. The request is the one that this session opened, as it was then:
 * the form says which, and what is ticked, and nothing else.
 */
export class ApproveEndpoint {
  readonly #parts: AuthorizeParts
  readonly #authorize: AuthorizeEndpoint

  constructor(parts: AuthorizeParts, authorize: AuthorizeEndpoint) {
    this.#parts = parts
    this.#authorize = authorize
  }

  /** A link or an old client's GET grants nothing: it opens the consent page. */
  async redirect(exchange: Request): Promise<Answer> {
    return { location: `${OAUTH_PATHS.authorize}?${exchange.query.toString()}`, page: '' }
  }

  /** @see RFC 6749 section 10.12 */
  async handle(exchange: Request): Promise<Answer> {
    try {
      const pending = await this.#readPending(exchange)
      const form = readForm(exchange, pending)
      return await this.#authorize.withReceiver(
        exchange,
        () => pending.request,
        async (request, receiver) => {
          const signedIn = await this.#authorize.signedIn(exchange, request, receiver)
          if (!signedIn) throw ended()
          return this.#authorize.withRequest(exchange, signedIn, () => this.#settle(exchange, signedIn, pending, form))
        },
      )
    } catch (error) {
      if (error instanceof OAuthError) return refusalAnswer(error, exchange.wantsPage, errorPage)
      throw error
    }
  }

  async #readPending(exchange: Request): Promise<Pending> {
    const { database, now } = this.#parts
    const { session, user } = exchange.caller
    const id = exchange.form?.get('id')
    if (typeof id !== 'string' || session === undefined) throw ended()
    const row = await readPending(database.connection, { hash: hashOf(id), session, user }, now())
    if (!row) throw ended()
    return { row, ...parseStored(row.request) }
  }

  async #settle(exchange: Request, signedIn: SignedIn, { row, offered }: Pending, form: ApproveForm): Promise<Answer> {
    if (!form.allow) return this.#deny(signedIn, row, 'The user did not allow it')
    const facts = await readConsentFacts(this.#parts, signedIn)
    const typed = readChoices(form.fields, choosableDoctypes(offered, this.#parts.doctypeOf))
    const impossible = await faultOfRequested(this.#parts, signedIn, facts)
    const error = await sentenceOfUnseen(this.#parts.documents, signedIn.principal, typed)
    if (impossible !== undefined || error !== undefined) {
      const sent = { ticked: form.ticked, choices: typed, endsOlder: form.endsOlder, error }
      return consentAnswer(this.#parts, exchange, signedIn, facts, { id: form.id, offered, impossible, sent })
    }
    const decided = decide(facts, offered, form.ticked)
    const choices = new Map([...facts.choices, ...typed])
    const actsAsAll = facts.client.legacy.openidActsAsAll
    if (limitRows(decided.granted, facts.requested.details, choices, actsAsAll).granted.length === 0)
      return this.#deny(signedIn, row, 'The user allowed nothing of it')
    const { endsOlder } = form
    const request = { asking: signedIn, requested: facts.requested, decided, choices, endsOlder, authTime: signedIn.authTime }
    const code = await this.#parts.codes.issue(request, (connection) => consumePending(connection, row.hash))
    if (code === undefined) return refusalAnswer(ended(), true, errorPage)
    return codeAnswer(this.#authorize.facts(signedIn.request, signedIn), code)
  }

  async #deny(signedIn: SignedIn, row: PendingRequestRow, sentence: string): Promise<Answer> {
    const { database, audit } = this.#parts
    const consumed = await database.transaction(async (connection) => {
      await audit.write(connection, { event: 'oauth.consent.denied', user: row.user, client: row.client })
      return consumePending(connection, row.hash)
    })
    if (!consumed) return refusalAnswer(ended(), true, errorPage)
    return errorAnswer(this.#authorize.facts(signedIn.request, signedIn), new OAuthError('access_denied', sentence))
  }
}

interface ApproveForm {
  readonly id: string
  readonly allow: boolean
  readonly ticked: readonly string[]
  readonly endsOlder: boolean
  readonly fields: URLSearchParams
}

/** Judged before anything is used up, so that a forged form leaves the request as it was. */
function readForm(exchange: Request, { request, offered }: Pending): ApproveForm {
  const form = readConsentForm(exchange, wrong)
  for (const name of new Set(form.keys())) {
    const isOurs = ['id', 'decision', 'scope', 'csrf_token', END_OLDER].includes(name) || isRowField(name)
    if (!isOurs && form.get(name) !== (request.get(name) ?? '')) throw wrong('The form names another request than the one that was opened.')
  }
  const [decision, ...more] = form.getAll('decision')
  if (more.length > 0 || (decision !== 'allow' && decision !== 'deny')) throw wrong('Press one of the two buttons.')
  const ticked = form.getAll('scope')
  if (!ticked.every((scope) => offered.includes(scope))) throw wrong('The form names a right that was not asked for.')
  return { id: form.get('id') ?? '', allow: decision === 'allow', ticked, endsOlder: form.get(END_OLDER) === '1', fields: form }
}

function parseStored(json: string): { request: AuthorizationRequest; offered: string[] } {
  const stored: unknown = JSON.parse(json)
  if (!isRecord(stored) || typeof stored['query'] !== 'string' || !Array.isArray(stored['offered']))
    throw new Error('A pending request cannot be read')
  return { request: AuthorizationRequest.parse(stored['query']), offered: stored['offered'].map(String) }
}

const ended = (): OAuthError => wrong('This request has ended or was opened by somebody else.')

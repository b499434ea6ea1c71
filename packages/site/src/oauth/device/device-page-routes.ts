import { FrappeError, OAuthError, notPermitted } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import { Limits } from '../../http/limits.ts'
import type { HttpServer } from '../../http/server.ts'
import { deviceAnswerPage, deviceCodePage } from '../../pages/consent/device-page.ts'
import type { Person } from '../../pages/layout.ts'
import { paths } from '../../pages/paths.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Admission } from '../admission.ts'
import { NotForUser } from '../access/not-for-user.ts'
import { awaitApproval } from '../authorize/consent/await-approval.ts'
import { CONSENT_FORM_LIMIT, readConsentForm } from '../authorize/consent/consent-form.ts'
import { consentAnswer, type Opened } from '../authorize/consent/consent-view.ts'
import { END_OLDER } from '../authorize/older/older-connections.ts'
import { choosableDoctypes, readChoices } from '../authorize/rows/row-choices.ts'
import { sentenceOfUnseen } from '../authorize/rows/unseen-choices.ts'
import type { Approvals } from '../clients/approvals/approvals.ts'
import { isOpenTo, type Client } from '../clients/client.ts'
import { readClient } from '../clients/clients-store.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { DeviceRow } from '../storage/oauth-tables.ts'
import {
  openDecision,
  readDecision,
  readQuestion,
  settleDecision,
  type Decider,
  type DeviceConsentParts,
  type OpenDecision,
  type Question,
} from './device-consent.ts'
import { claimDevice, endDevice } from './device-store.ts'
import { readUserCode, userCodeHashes } from './user-codes.ts'

export interface DevicePageParts extends DeviceConsentParts {
  readonly ring: KeyRing
  readonly admission: Admission
  readonly approvals: Approvals
}

type Request = Exchange<Principal>

/**
 * The page where a person types the code that a device shows, and allows or refuses what the device asks for.
 *
 * @see RFC 8628 section 3.3
 */
export function devicePageRoutes(server: HttpServer<Principal>, parts: DevicePageParts): void {
  const page = new DevicePage(parts)
  server.route('GET', paths.device, (exchange) => page.show(exchange))
  server.route('POST', paths.device, (exchange) => page.post(exchange), { csrf: 'required', bodyLimit: CONSENT_FORM_LIMIT })
}

class DevicePage {
  readonly #parts: DevicePageParts
  /** Wrong codes of one person (RFC 8628 section 5.1). */
  readonly #tries = new Limits({ points: 10, seconds: 600 })

  constructor(parts: DevicePageParts) {
    this.#parts = parts
  }

  /** Asks for the code, or shows what the device with this code asks for. A link that holds it goes no further than that. */
  async show(exchange: Request): Promise<Answer> {
    const decider = deciderOf(exchange)
    const typed = exchange.query.get('user_code') ?? ''
    if (!decider) return signInAnswer(typed)
    if (typed === '') return { page: deviceCodePage({ person: await this.#readPerson(exchange) }) }
    return this.#open(exchange, decider, typed)
  }

  async #open(exchange: Request, decider: Decider, typed: string): Promise<Answer> {
    const person = await this.#readPerson(exchange)
    const code = readUserCode(typed)
    const device = await this.#claim(decider, code, exchange.ip)
    if (!device || code === undefined) return { status: 400, page: deviceCodePage({ person, typed, error: texts.device.unknown }) }
    const question = await this.#ask(decider, device)
    const waiting = await awaitApproval(this.#parts, exchange, question.signedIn).catch(inWords)
    if (waiting) return waiting
    return this.#page(exchange, question, { ...(await openDecision(this.#parts, device, question)), code })
  }

  /** Takes the code that was typed, or the decision. @see RFC 6749 section 10.12 */
  async post(exchange: Request): Promise<Answer> {
    const decider = deciderOf(exchange)
    if (!decider) return signInAnswer('')
    const form = readConsentForm(exchange, wrong)
    if (!form.has('id')) return this.#open(exchange, decider, form.get('user_code') ?? '')
    return this.#decide(exchange, decider, form)
  }

  async #decide(exchange: Request, decider: Decider, form: URLSearchParams): Promise<Answer> {
    const open = await readDecision(this.#parts, decider, form.get('id') ?? '')
    if (!open) throw ended()
    const ticked = readTicked(form, open.offered)
    const question = await this.#ask(decider, open.device)
    const waiting = await awaitApproval(this.#parts, exchange, question.signedIn).catch(inWords)
    if (waiting) return waiting
    const choices = readChoices(form, choosableDoctypes(open.offered, this.#parts.doctypeOf))
    const error = ticked && (await sentenceOfUnseen(this.#parts.documents, decider.principal, choices))
    const endsOlder = form.get(END_OLDER) === '1'
    if (error !== undefined)
      return this.#page(exchange, question, { ...shownAgain(form, open), sent: { ticked: ticked ?? [], choices, endsOlder, error } })
    const outcome = await settleDecision(this.#parts, open, question, { ticked, choices, endsOlder })
    if (outcome === 'ended') throw ended()
    const appName = question.signedIn.client.name
    return { page: deviceAnswerPage({ person: await this.#readPerson(exchange), appName, allowed: outcome === 'allowed' }) }
  }

  /** The device that shows this code, now this person's to decide on; what is not found counts as a guess. */
  async #claim({ principal }: Decider, code: string | undefined, ip: string): Promise<DeviceRow | undefined> {
    const { database, ring, audit, now } = this.#parts
    const hashes = code === undefined ? [] : userCodeHashes(code, ring)
    try {
      // Counted before it is looked for, so that many at once are no way round; a code that is found takes its count back.
      await this.#tries.consume(principal.user)
    } catch (error) {
      // Who comes upon a code after so many tries has guessed it: it must not serve anybody.
      if (hashes.length > 0) await database.transaction((connection) => endDevice(connection, hashes, now()))
      throw error
    }
    if (hashes.length > 0) {
      const device = await database.transaction((connection) => claimDevice(connection, hashes, principal.user, now()))
      if (device) {
        await this.#tries.giveBack(principal.user)
        return device
      }
    }
    await audit.refuse({ event: 'oauth.device.code_refused', user: principal.user, ip })
    return undefined
  }

  async #ask(decider: Decider, device: DeviceRow): Promise<Question> {
    return readQuestion(this.#parts, await this.#admit(device, decider), device, decider).catch(inWords)
  }

  #page(exchange: Request, { signedIn, facts }: Question, { code, ...opened }: Opened & { readonly code: string }): Promise<Answer> {
    const device = { action: paths.device, host: homeOf(signedIn.client), code }
    return consentAnswer(this.#parts, exchange, signedIn, facts, { ...opened, device })
  }

  /** The app, when it may act for this person; where it needs approval for each, that is asked for next. */
  async #admit(device: DeviceRow, { principal }: Decider): Promise<Client> {
    const { database, admission } = this.#parts
    const client = await readClient(database.connection, device.client)
    if (!admission.admits(principal.user)) throw notPermitted(texts.consent.administrator)
    const fault = await admission.accessFault(principal)
    if (fault !== undefined) throw notPermitted(fault)
    if (!client?.enabled || !isOpenTo(client, principal.roles)) throw notPermitted(texts.device.notAllowed)
    return client
  }

  async #readPerson({ caller, csrf }: Request): Promise<Person> {
    const person = await this.#parts.users.person(caller.user)
    return { fullName: person?.fullName ?? caller.user, csrf: csrf ?? '', systemManager: caller.roles.has('System Manager') }
  }
}

/** Somebody signed in by a browser; a caller by token or API key has no session and decides nothing. */
function deciderOf({ caller, csrf }: Request): Decider | undefined {
  return caller.session === undefined || csrf === undefined ? undefined : { principal: caller, session: caller.session }
}

/** What is ticked; undefined for a refusal. */
function readTicked(form: URLSearchParams, offered: readonly string[]): string[] | undefined {
  const [decision, ...more] = form.getAll('decision')
  if (more.length > 0 || (decision !== 'allow' && decision !== 'deny')) throw wrong('Press one of the two buttons.')
  const ticked = form.getAll('scope')
  if (!ticked.every((scope) => offered.includes(scope))) throw wrong('The form names a right that was not asked for.')
  return decision === 'allow' ? ticked : undefined
}

/** The host that tells most of who made the app. */
function homeOf({ homePage, defaultRedirectUri }: Client): string {
  const home = [homePage ?? '', defaultRedirectUri].find((address) => URL.canParse(address))
  return home === undefined ? texts.device.noHome : hostOf(home)
}

/** The page as it was, for a form with a mistake in it. The code is in the form: nothing here keeps it in clear. */
const shownAgain = (form: URLSearchParams, { offered }: OpenDecision) => ({
  id: form.get('id') ?? '',
  offered,
  code: readUserCode(form.get('user_code') ?? '') ?? '',
})

function signInAnswer(typed: string): Answer {
  const target = typed === '' ? paths.device : `${paths.device}?user_code=${encodeURIComponent(typed.slice(0, 100))}`
  return { status: 302, location: `${paths.signIn}?redirect-to=${encodeURIComponent(target)}`, page: '' }
}

/** A person is here, and no app that would read the RFC's words. */
function inWords(error: unknown): never {
  if (!(error instanceof OAuthError)) throw error
  throw notPermitted(error instanceof NotForUser ? error.sentence : error.message)
}

const wrong = (sentence: string): FrappeError => new FrappeError('ValidationError', sentence, { status: 400 })
const ended = (): FrappeError => wrong('This request has ended or was decided; enter the code of the device again.')

import { createHash, randomBytes } from 'node:crypto'
import { compare } from './comparison.ts'
import { submissionOf, type Submission } from './consent-form.ts'
import { CookieJar } from './cookie-jar.ts'
import type { Answer, Json, RecordedConsent, RecordedRequest, Recording, Step, Values } from './recording.ts'
import { Variables } from './variables.ts'

/** A step that did not come out as recorded. `step` is its number and title, as in `7 swap the code`. */
export interface Difference {
  readonly step: string
  readonly problems: readonly string[]
}

/** What one request needs, whoever wrote it down. */
interface Sending {
  readonly as?: string | undefined
  readonly method: string
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body?: string | undefined
}

const authorizePath = '/api/method/frappe.integrations.oauth2.authorize'
const verifier = 'the-proof-key-of-the-recorded-exchanges-played-once-more'

/** Plays recordings against one site, with the cookies and variables of one run kept from file to file. */
export class Player {
  readonly #site: string
  readonly #jars = new Map<string, CookieJar>()
  readonly #variables: Variables

  constructor(site: string, adminPassword: string) {
    this.#site = new URL(site).origin
    this.#variables = new Variables({
      base: this.#site,
      adminPassword,
      redirect: 'http://127.0.0.1:9997/callback',
      verifier,
      challenge: createHash('sha256').update(verifier).digest('base64url'),
      run: randomBytes(3).toString('hex'),
    })
  }

  /** Plays every step, in order, also after one that differs; resolves to those that do. */
  async play(recording: Recording): Promise<Difference[]> {
    const differences: Difference[] = []
    for (const [at, step] of recording.steps.entries()) {
      const problems = await this.#judge(step)
      if (problems.length > 0) differences.push({ step: `${at + 1} ${step.name}`, problems })
    }
    return differences
  }

  async #judge(step: Step): Promise<string[]> {
    const answer = await this.#perform(this.#variables.fill(step)).catch((error: unknown) => error as Error)
    if (answer instanceof Error) return [`no answer: ${answer.cause instanceof Error ? answer.cause.message : answer.message}`]
    this.#variables.save(step.save ?? {}, answer, this.#site)
    // Filled again: an expectation may name what this very answer gave.
    return compare(this.#variables.fill(step), answer)
  }

  async #perform(step: Step): Promise<Answer> {
    if (step.request) return this.#send(this.#sendingOf(step.request))
    if (step.consent) return this.#consent(step.consent)
    throw new Error('the step has neither a request nor a consent')
  }

  #sendingOf(request: RecordedRequest): Sending {
    const url = new URL(this.#site + request.path)
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, asText(value))
    const [type, body] = bodyOf(request)
    const headers = { accept: 'application/json', ...(type && { 'content-type': type }), ...request.headers }
    return {
      as: request.as,
      method: request.method ?? 'GET',
      url,
      headers: { ...headers, ...(request.bearer && { authorization: `Bearer ${request.bearer}` }) },
      body,
    }
  }

  /** As a browser without scripts: follows the site's own redirects, presses the button, stops where the app's address begins. */
  async #consent(consent: RecordedConsent): Promise<Answer> {
    const { as } = consent
    let next = this.#pageVisit(as, this.#sendingOf({ path: authorizePath, query: consent.query }).url)
    for (let hops = 0; hops < 8; hops += 1) {
      const answer = await this.#send(next)
      const location = answer.headers.get('location')
      const target = location === null ? undefined : new URL(location, next.url)
      if (target && target.origin !== this.#site) return answer
      if (target) next = this.#pageVisit(as, target)
      else {
        const submission =
          answer.status === 200 ? submissionOf(answer.page ?? '', consent.decision ?? 'allow', consent.untick ?? []) : undefined
        if (!submission) return answer
        next = this.#press(as, next.url, submission)
      }
    }
    throw new Error('the consent went in circles')
  }

  #pageVisit(as: string, url: URL): Sending {
    return { as, method: 'GET', url, headers: { accept: 'text/html' } }
  }

  #press(as: string, page: URL, { action, fields }: Submission): Sending {
    const url = new URL(action || page, page)
    const headers = { accept: 'text/html', origin: this.#site, 'content-type': 'application/x-www-form-urlencoded' }
    return { as, method: 'POST', url, headers, body: fields.toString() }
  }

  async #send(sending: Sending): Promise<Answer> {
    const jar = this.#jarOf(sending.as)
    const cookie = jar?.header()
    const headers = cookie ? { ...sending.headers, cookie } : sending.headers
    const { method, url, body } = sending
    const response = await fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal: AbortSignal.timeout(30_000) })
    jar?.accept(response.headers)
    return answerOf(response, await response.text())
  }

  #jarOf(person: string | undefined): CookieJar | undefined {
    if (person === undefined || person === 'guest') return undefined
    const jar = this.#jars.get(person) ?? new CookieJar()
    this.#jars.set(person, jar)
    return jar
  }
}

function bodyOf(request: RecordedRequest): [type?: string | undefined, body?: string] {
  if (request.json !== undefined) return ['application/json', JSON.stringify(request.json)]
  if (request.form) return ['application/x-www-form-urlencoded', formOf(request.form).toString()]
  return request.body === undefined ? [] : [undefined, request.body]
}

const formOf = (form: Values): URLSearchParams => new URLSearchParams(Object.entries(form).map(([name, value]) => [name, asText(value)]))

const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

function answerOf(response: Response, text: string): Answer {
  const type = response.headers.get('content-type') ?? ''
  const { status, headers } = response
  if (type.includes('html')) return { status, headers, page: text }
  return { status, headers, json: type.includes('json') ? parsed(text) : undefined }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

import { isRecord } from '@annex/protocol'
import { UpstreamUnavailable } from '../../errors.ts'
import type { UpstreamAnswer } from '../transport.ts'
import type { Call, CallsParts } from './call.ts'
import { failureOf } from './failures.ts'
import { encodeJson, encodeQuery, VERSIONS, type Version } from './paths.ts'
import { beforeNext, sitOut } from './retries.ts'

type Body = Readonly<Record<string, unknown>>

/** Calls of one site, as one user: credentials, one replay after a 401, and asking again what may be asked again. */
export class Calls {
  readonly parts: CallsParts
  readonly place: (typeof VERSIONS)[Version]

  constructor(parts: CallsParts) {
    this.parts = parts
    this.place = VERSIONS[parts.api]
  }

  /** What a document call answers. */
  async data(call: Call): Promise<unknown> {
    return (await this.answer(call))['data']
  }

  /** What a method answers; null when it answers nothing. */
  async method(name: string, call: Omit<Call, 'path'>): Promise<unknown> {
    const { methods, answer } = this.place
    return (await this.answer({ ...call, path: methods + encodeURIComponent(name) }))[answer] ?? null
  }

  /** The body of an answer that went well. */
  async answer(call: Call): Promise<Body> {
    const { retries, timeoutMs } = this.parts
    const attempts = {
      call,
      retries: call.options?.retries ?? retries,
      until: performance.now() + (call.options?.timeoutMs ?? timeoutMs),
    }
    for (let asked = 0; ; asked++) {
      if (retries > 0) await sitOut(this.parts, attempts)
      const answer = await this.#ask(call, attempts.until)
      if (isGood(answer)) return answer.json
      const failure = answer instanceof UpstreamUnavailable ? answer : failureOf(answer, this.parts)
      await beforeNext(this.parts, attempts, asked, failure, answer)
    }
  }

  /** Sends with the user's credentials. A person's call that meets 401 is sent once more, with a renewed token. */
  async authorized<Answer extends { readonly status?: number }>(
    send: (authorization: string) => Promise<Answer>,
    signal: AbortSignal | undefined,
    again = true,
  ): Promise<Answer> {
    signal?.throwIfAborted()
    const { credentials } = this.parts
    if ('apiKey' in credentials) return send(`token ${credentials.apiKey}`)
    const first = await credentials.token({ signal })
    const answer = await send(`Bearer ${first}`)
    if (answer.status !== 401 || !again) return answer
    const next = await credentials.token({ rejected: first, signal })
    // A token that the site has refused is never shown to it again.
    return next === first ? answer : send(`Bearer ${next}`)
  }

  #ask({ method, path, query, body, options = {} }: Call, until: number): Promise<UpstreamAnswer | UpstreamUnavailable> {
    const { origin, send } = this.parts
    const form = body instanceof FormData
    const sent = body === undefined || form ? body : encodeJson(body)
    const url = `${origin}${path}${query === undefined ? '' : `?${encodeQuery(query)}`}`
    return this.authorized<UpstreamAnswer | (UpstreamUnavailable & { status?: never })>(
      (authorization) =>
        send(url, {
          method,
          headers: {
            accept: 'application/json',
            authorization,
            ...(sent === undefined || form ? {} : { 'content-type': 'application/json' }),
          },
          ...(sent === undefined ? {} : { body: sent }),
          signal: options.signal,
          timeoutMs: Math.max(1, Math.ceil(until - performance.now())),
        }).catch(unanswered),
      options.signal,
    )
  }
}

function unanswered(error: unknown): UpstreamUnavailable {
  if (error instanceof UpstreamUnavailable) return error
  throw error
}

/** Older sites say 200 beside an error, which `exc` then holds. */
const isGood = (answer: UpstreamAnswer | UpstreamUnavailable): answer is UpstreamAnswer & { readonly json: Body } =>
  'status' in answer &&
  answer.status >= 200 &&
  answer.status < 300 &&
  isRecord(answer.json) &&
  !('exc' in answer.json || 'exc_type' in answer.json)

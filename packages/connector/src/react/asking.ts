import type { LinkAnswer } from '../core/links/link-answer.ts'

/** What one link field wants to know. */
export interface Question {
  /** Where the connector's paths stand, e.g. `/connect`. */
  readonly base: string
  readonly fetch: typeof fetch
  /** The key of the link field's configuration. */
  readonly field: string
  readonly text: string
  /** How many suggestions of this text are shown already. */
  readonly start: number
  readonly form: Readonly<Record<string, string>> | undefined
}

/** Why there are no suggestions. */
export interface Refusal {
  /** Of the answer; 0 when there was none that can be read. */
  readonly status: number
  readonly message: string | undefined
  /** Where to go; of the app itself, for a link must not lead a person to a page that only an answer names. */
  readonly url: string | undefined
}

export type Outcome = { readonly answer: LinkAnswer } | { readonly refusal: Refusal }

/** Asks one thing at a time: who asks anew, or stops, ends the request before. */
export class Asking {
  #timer: ReturnType<typeof setTimeout> | undefined
  #own: AbortController | undefined

  /** Waits, then asks. Gives undefined when it was overtaken or stopped. */
  async ask(question: Question, delayMs: number, onAsk: () => void): Promise<Outcome | undefined> {
    this.stop()
    const own = (this.#own = new AbortController())
    if (delayMs > 0) await this.#pause(delayMs, own.signal)
    if (own.signal.aborted) return undefined
    onAsk()
    const outcome = await outcomeOf(question, own.signal)
    return own.signal.aborted ? undefined : outcome
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#own?.abort()
    this.#own = undefined
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(resolve, delayMs)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

async function outcomeOf(question: Question, signal: AbortSignal): Promise<Outcome> {
  const ask = question.fetch
  try {
    const response = await ask(addressOf(question), { signal, headers: { accept: 'application/json' } })
    const body: unknown = await response.json()
    if (response.ok) return isAnswer(body) ? { answer: body } : unreadable
    return { refusal: refusalOf(response, body) }
  } catch {
    return unreadable
  }
}

const unreadable: Outcome = { refusal: { status: 0, message: undefined, url: undefined } }

function addressOf({ base, field, text, start, form }: Question): string {
  const query = new URLSearchParams({ q: text })
  if (start > 0) query.set('start', String(start))
  if (form !== undefined) query.set('form', JSON.stringify(form))
  return `${base}/links/${encodeURIComponent(field)}?${query.toString()}`
}

const isAnswer = (body: unknown): body is LinkAnswer =>
  typeof body === 'object' && body !== null && 'items' in body && Array.isArray(body.items)

function refusalOf({ status, url: asked }: Response, body: unknown): Refusal {
  const { message, url } = (body ?? {}) as { readonly message?: unknown; readonly url?: unknown }
  return {
    status,
    message: typeof message === 'string' && message !== '' ? message : undefined,
    url: typeof url === 'string' ? ownAddress(url, asked) : undefined,
  }
}

/** The address in full, when it is of the origin that was asked: never a script, never another's page. */
function ownAddress(url: string, asked: string): string | undefined {
  try {
    const address = new URL(url, asked)
    return address.origin === new URL(asked).origin ? address.href : undefined
  } catch {
    return undefined
  }
}

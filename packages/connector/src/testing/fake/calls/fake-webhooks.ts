import { signFrappeWebhook, signWebhook } from '@annex/protocol'
import type { Fetch } from '../../../core/upstream/transport.ts'
import type { FakeDocuments } from '../documents/fake-documents.ts'
import type { FakeKind } from '../kinds.ts'
import { pythonJson } from './python-json.ts'

/** What happened to a document, for a webhook to tell of. */
export interface FakeChange {
  readonly doctype: string
  readonly name: string
  readonly event: 'after_insert' | 'on_update' | 'on_submit' | 'on_cancel' | 'on_trash' | 'on_change'
  /** What the body holds of the document; `doctype`, `name` and `modified` when absent. */
  readonly fields?: readonly string[]
  /** Values as they were then, over what stands now. */
  readonly values?: Readonly<Record<string, unknown>>
}

/** The receiver of a webhook. */
export interface WebhookTarget {
  readonly url: string
  readonly secret: string
  /** By Frappe's own header, or by Standard Webhooks. */
  readonly scheme: 'frappe' | 'standard'
  /** Global fetch when absent. */
  readonly fetch?: Fetch
}

/** What goes wrong on the way. */
export interface WebhookOddities {
  /** How often each is sent; once when absent. */
  readonly repeat?: number
  /** Milliseconds since it was signed. */
  readonly lateMs?: number
  /** Names another document than was signed. */
  readonly altered?: boolean
  /** The last change comes first. */
  readonly reversed?: boolean
}

interface Signed {
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

/** Sends what a site tells of its documents. */
export class FakeWebhooks {
  readonly #documents: FakeDocuments
  readonly #kind: FakeKind
  readonly #clock: () => number

  constructor(documents: FakeDocuments, kind: FakeKind, clock: () => number) {
    this.#documents = documents
    this.#kind = kind
    this.#clock = clock
  }

  /** Gives the answers of the receiver, in the order of sending. */
  async send(changes: readonly FakeChange[], to: WebhookTarget, odd: WebhookOddities): Promise<Response[]> {
    const signed: Signed[] = []
    for (const change of changes) signed.push(await this.#signed(change, to, odd))
    const answers: Response[] = []
    for (const { body, headers } of odd.reversed === true ? signed.toReversed() : signed)
      for (let times = odd.repeat ?? 1; times > 0; times--)
        answers.push(await (to.fetch ?? fetch)(to.url, { method: 'POST', headers, body }))
    return answers
  }

  async #signed(change: FakeChange, { scheme, secret }: WebhookTarget, { lateMs = 0, altered = false }: WebhookOddities): Promise<Signed> {
    const { doctype, name, event, fields = ['doctype', 'name', 'modified'], values } = change
    const document = { doctype, name, ...this.#documents.read(doctype, name), ...values }
    const told = Object.fromEntries(fields.map((field) => [field, (document as Record<string, unknown>)[field] ?? null]))
    const timestamp = Math.floor((this.#clock() - lateMs) / 1000)
    const textOf = (data: object): string =>
      scheme === 'standard'
        ? JSON.stringify({ type: event, timestamp: new Date(timestamp * 1000).toISOString(), data })
        : pythonJson(data, this.#kind === 'frappe-16')
    const text = textOf(told)
    const headers = scheme === 'standard' ? await standardHeaders(text, timestamp, secret) : await frappeHeaders(text, secret)
    return { body: new TextEncoder().encode(altered ? textOf({ ...told, name: `${name}-x` }) : text), headers }
  }
}

const standardHeaders = async (body: string, timestamp: number, secret: string): Promise<Record<string, string>> => ({
  'content-type': 'application/json',
  ...(await signWebhook({ id: `msg_${crypto.randomUUID()}`, timestamp, body }, [secret])),
})

/** A Frappe names no media type unless it is told to. */
const frappeHeaders = async (body: string, secret: string): Promise<Record<string, string>> => ({
  'user-agent': 'python-requests/2.32.3',
  accept: '*/*',
  'x-frappe-webhook-signature': await signFrappeWebhook(new TextEncoder().encode(body), secret),
})

import { signFrappeWebhook, signWebhook, type Document } from '@annex/protocol'
import type { Connection } from '../connector/connection.ts'
import { Listeners, type ConnectorEvents } from '../connector/events.ts'
import type { Room, RoomParts } from '../connector/room.ts'
import type { KeptDocname, TenantStore } from '../../stores/connector-store.ts'
import { memoryStore } from '../../stores/memory.ts'
import type { DocumentChange, WebhookOptions } from './webhook-options.ts'
import { webhooksRoom } from './webhooks-room.ts'

/** `whsec_` and 32 bytes. */
export const STANDARD = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
export const FRAPPE = 'hush-hush'
const BASE = 'https://app.example/connect'

/** The receiver of an app, with a site that answers what the test says and a clock that the test moves. */
export class Receiving {
  now = Date.parse('2026-11-22T08:00:00Z')
  readonly store: TenantStore
  readonly told: DocumentChange[] = []
  readonly log: [string, Readonly<Record<string, unknown>>][] = []
  readonly events: [string, unknown][] = []
  /** What the site answers to a person who reads a document. */
  reads: (connection: string, doctype: string, name: string, signal?: AbortSignal) => Document | Promise<Document> = (
    _connection,
    doctype,
    name,
  ) => documentOf(doctype, name, '2026-11-22 08:00:00.000001')
  /** What becomes of docnames that a person has kept. */
  refreshes: (connection: string, doctype: string, names: readonly string[]) => KeptDocname[] | Promise<KeptDocname[]> = () => []
  onDocument: (change: DocumentChange) => void | Promise<void> = () => undefined
  readonly room: Room
  woken = 0

  constructor(options: Partial<WebhookOptions> = {}, store?: TenantStore) {
    this.store = store ?? memoryStore({ clock: () => this.now }).of('')
    const listeners = new Listeners((event, detail) => void this.log.push([event, detail]))
    for (const event of ['webhook-rejected', 'webhook-given-up'] satisfies (keyof ConnectorEvents)[])
      listeners.on(event, (detail) => void this.events.push([event, detail]))
    const parts: Partial<RoomParts> = {
      basePath: '/connect',
      store: this.store,
      clock: () => this.now,
      listeners,
      log: (event, detail) => void this.log.push([event, detail]),
      wake: () => void this.woken++,
      connection: (id) =>
        ({
          client: {
            read: async (doctype: string, name: string, { signal }: { signal: AbortSignal }) => this.reads(id, doctype, name, signal),
          },
          docnames: { refresh: async (doctype: string, names: readonly string[]) => this.refreshes(id, doctype, names) },
        }) as unknown as Connection,
    }
    this.room = webhooksRoom(parts as RoomParts, {
      secrets: { standard: [STANDARD], frappe: [FRAPPE] },
      onDocument: async (change) => {
        await this.onDocument(change)
        this.told.push(change)
      },
      readers: () => ['alice'],
      ...options,
    })
  }

  /** Posts a request as it is. */
  post(path: string, body: BodyInit, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const request = new Request(BASE + path, { method: 'POST', body, headers })
    // A Frappe site names no media type unless it is told to; `Request` would name one for a text.
    if (headers['content-type'] === undefined) request.headers.delete('content-type')
    return this.room.routes[path === '/webhook' ? 0 : 1]!.answer(request)
  }

  async frappe(
    body: string,
    headers: Readonly<Record<string, string>> = {},
    path = '/webhook/Customer',
    secret = FRAPPE,
  ): Promise<Response> {
    const signature = await signFrappeWebhook(new TextEncoder().encode(body), secret)
    return this.post(path, body, { 'x-frappe-webhook-signature': signature, ...headers })
  }

  async standard(body: string, { id = 'msg_1', at = this.now, secrets = [STANDARD], path = '/webhook' } = {}): Promise<Response> {
    const signed = await signWebhook({ id, timestamp: Math.floor(at / 1000), body }, secrets)
    return this.post(path, body, { 'content-type': 'application/json', ...signed })
  }

  async work(): Promise<number> {
    return (await this.room.work!(new AbortController().signal)).inbox ?? 0
  }

  /** The states of what waits, by id. */
  async waiting(): Promise<string[]> {
    return (await this.store.inbox.list('waiting', 100)).map(({ id }) => id)
  }
}

export const documentOf = (doctype: string, name: string, modified: string): Document => ({
  doctype,
  name,
  owner: 'sam@example.com',
  creation: '2026-11-01 08:00:00.000000',
  modified,
  modified_by: 'sam@example.com',
  docstatus: 0,
  idx: 0,
})

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** `performance.now()` of its arrival. */
  readonly at: number
}

/** Answers a call; the number counts all calls from 0. */
export type Behaviour = (response: ServerResponse, received: Received, index: number) => void

/** An app that hears calls, on a free port of loopback. */
export class Receiver {
  readonly received: Received[] = []
  url = ''
  behaviour: Behaviour = (response) => void response.writeHead(204).end()
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#hear(request, response))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const received = { path: request.url ?? '', headers: request.headers, body, at: performance.now() }
    const index = this.received.push(received) - 1
    this.behaviour(response, received, index)
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.received.length < count) return true
      resolve()
      return false
    })
  }

  async open(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  /** Resolves when so many calls have come. @throws {Error} when they have not within the bound (milliseconds) */
  async heard(count: number, bound = 5000): Promise<readonly Received[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.received.length >= count) resolve()
    this.#waiting.push({ count, resolve })
    const timer = setTimeout(() => reject(new Error(`${this.received.length} of ${count} calls came within ${bound} ms`)), bound)
    await promise.finally(() => clearTimeout(timer))
    return this.received
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

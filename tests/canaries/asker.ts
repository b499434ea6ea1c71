import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Asked } from './requests.ts'

export interface Said {
  readonly status: number
  /** Headers and body, as they came. */
  readonly text: string
}

/** Asks a site very often: `fetch` would cost more than the answers do. */
export class Asker {
  readonly #base: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(base: string) {
    this.#base = base
  }

  async ask(token: string, asked: Asked): Promise<Said> {
    const body = asked.values === undefined ? undefined : JSON.stringify(asked.values)
    const typed = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const headers = { accept: 'application/json', authorization: `Bearer ${token}`, ...typed }
    return new Promise((resolve, reject) => {
      const sent = request(new URL(this.#base + asked.path), { method: asked.method, headers, agent: this.#agent }, (response) => {
        const { statusCode: status = 0, rawHeaders } = response
        text(response).then((said) => resolve({ status, text: `${rawHeaders.join('\n')}\n${said}` }), reject)
      })
      sent.once('error', reject).end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { undiciTransport } from '../../../adapters/undici-transport.ts'
import { fetchTransport, type Transport } from '../transport.ts'

/** Servers and pools that a test has opened; to be closed after it, the last first. */
export class Opened {
  readonly #closing: (() => Promise<void>)[] = []
  /** Each transport, for tests that hold all of them to the same. */
  readonly transports: readonly (readonly [name: string, open: () => Transport])[] = [
    ['fetch', () => fetchTransport()],
    ['undici', () => this.#undici()],
  ]

  /** A server of node's own on a free port; gives its address. */
  async serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#closing.push(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed()) await close()
  }

  #undici(): Transport {
    const transport = undiciTransport()
    this.#closing.push(() => transport.close())
    return transport
  }
}

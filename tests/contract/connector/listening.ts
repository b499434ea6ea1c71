import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Connector } from '@annex/connector'
import { nodeConnector } from '@annex/connector/node'

/** Where a site can tell whichever app is under test. */
export interface Listening {
  /** Before the connector's own paths. */
  readonly base: string
  tell(app: Connector): void
  close(): Promise<void>
}

/** Listens on a socket of this machine. What comes before there is an app is nobody's business. */
export async function listen(): Promise<Listening> {
  let answer: ReturnType<typeof nodeConnector> | undefined
  const server = createServer((request, response) => void (answer?.(request, response) ?? response.writeHead(204).end()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/connect`,
    tell: (app) => void (answer = nodeConnector(app)),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

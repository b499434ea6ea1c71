import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A server that takes notes: what is posted is handed on, and answered 204. */
export async function listen(take: (path: string, body: string) => void): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      take(request.url ?? '/', body)
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests of one connection that may wait behind one that is not answered yet. Browsers and proxies send none. */
export const MOST_WAITING = 16

/**
 * Ends a connection that sends request upon request without waiting for answers (RFC 9112 section 9.3.2): Node begins all of them at
 * once, two thousand for each packet, and keeps what they answer. To be called when everything listens for requests that ever will.
 */
export function limitPipelining(server: Server): void {
  const waiting = new WeakMap<Socket, number>()
  const listeners = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // Only one that waits behind another has no connection yet.
    if (response.socket === null && !mayWait(waiting, request, response)) return
    for (const listener of listeners) Reflect.apply(listener, server, [request, response])
  })
}

function mayWait(waiting: WeakMap<Socket, number>, { socket }: IncomingMessage, response: ServerResponse): boolean {
  const before = waiting.get(socket) ?? 0
  if (before >= MOST_WAITING || socket.destroyed) {
    stopReading(socket)
    socket.destroy()
    return false
  }
  waiting.set(socket, before + 1)
  response.once('close', () => void waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
  return true
}

/** What Node's parser is told of a request behind which no more of them come: it leaves the rest of the packet alone. */
const NO_MORE = 2

/** Of a packet that is being read Node would read on, whatever becomes of its connection; nothing public keeps it from that. */
function stopReading(socket: Socket & { readonly parser?: { onIncoming?: () => number } | null }): void {
  if (socket.parser) socket.parser.onIncoming = () => NO_MORE
}

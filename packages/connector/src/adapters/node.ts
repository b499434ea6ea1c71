import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Handles } from '../core/connector/handles.ts'
import { answerNode, writeResponse } from './node-request.ts'

export { undiciTransport } from './undici-transport.ts'

/**
 * For a server of node's own: true when the connector has answered, false when the request is the app's.
 *
 * A failure is answered with 500 and thrown, so that the app can log it: an app that does not catch it ends.
 */
export function nodeConnector(connector: Handles): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    try {
      const answered = await answerNode(connector, request, response)
      if (answered !== undefined) await writeResponse(response, answered)
      return answered !== undefined
    } catch (error) {
      if (!response.headersSent) response.writeHead(500).end()
      throw error
    }
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connector } from '../connector.ts'
import { answerNode, writeResponse } from './answer.ts'

/** For a server of node's own: true when the connector has answered, false when the request is the app's. */
export function nodeConnector(connector: Connector): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const answer = await answerNode(connector, request)
    if (answer === undefined) return false
    await writeResponse(response, answer)
    return true
  }
}

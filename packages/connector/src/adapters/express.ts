import type { ServerResponse } from 'node:http'
import type { Connector } from '../connector.ts'
import { answerNode, writeResponse, type NodeRequest } from './answer.ts'

/** For Express 4 and 5: `app.use(expressConnector(connector))`, anywhere before the app's own 404. */
export function expressConnector(
  connector: Connector,
): (request: NodeRequest, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    answerNode(connector, request)
      .then((answer) => (answer === undefined ? next() : writeResponse(response, answer)))
      .catch(next)
  }
}

import type { ServerResponse } from 'node:http'
import type { Handles } from '../core/connector/handles.ts'
import { answerNode, writeResponse, type NodeRequest } from './node-request.ts'

/** For Express 4 and 5: `app.use(expressConnector(connector))`, before body parsers. A failure goes to the app's error handler. */
export function expressConnector(
  connector: Handles,
): (request: NodeRequest, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    answerNode(connector, request, response)
      .then((answered) => (answered === undefined ? next() : writeResponse(response, answered)))
      .catch(next)
  }
}

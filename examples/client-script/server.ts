import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Connector } from '@annex/connector'
import { nodeConnector } from '@annex/connector/node'

/** @param scriptCaller the text of script-caller.js, as a bundler made it of script-caller.ts */
export function createApp(connector: Connector, scriptCaller: string): Server {
  const connect = nodeConnector(connector)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await connect(request, response)) return
    const question = connector.scripts.preflight(request)
    if (question !== undefined) return end(response, question.status, Object.fromEntries(question.headers))
    // On every answer, the refusals too: without them the script cannot read why it was refused.
    const headers = connector.scripts.headers(request)
    const url = new URL(request.url ?? '/', connector.origin)
    if (url.pathname === '/script-caller.js') return end(response, 200, { ...headers, 'content-type': 'text/javascript' }, scriptCaller)
    if (url.pathname !== '/api/credit') return end(response, 404, headers)
    const caller = await connector.scripts.caller(request)
    if (caller === undefined) return end(response, 401, headers)
    // The person who calls may see this customer, or the site says that they may not.
    const customer = await connector.connection(caller.connection).client.read('User', url.searchParams.get('customer') ?? '')
    const rating = { customer: customer.name, rating: 'good', asked_by: caller.user.name }
    end(response, 200, { ...headers, 'content-type': 'application/json', 'cache-control': 'no-store' }, JSON.stringify(rating))
  }
  return createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) end(response, 500, connector.scripts.headers(request))
    })
  })
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body?: string): void {
  response.writeHead(status, headers).end(body)
}

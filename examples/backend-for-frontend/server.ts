import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { createConnector, problemOf, SignInRequired, type Connector, type ConnectorOptions, type Session } from '@annex/connector'
import { nodeConnector } from '@annex/connector/node'
import { page, script } from './page.ts'

export function createApp(options: ConnectorOptions): Server {
  const connector = createConnector(options)
  const connect = nodeConnector(connector)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await connect(request, response)) return
    if (request.url === '/') return end(response, 200, 'text/html; charset=utf-8', page)
    if (request.url === '/page.js') return end(response, 200, 'text/javascript', script)
    // The cookie comes along with whatever a browser sends: what changes something has to come from a page of this app.
    if (request.method !== 'GET' && !connector.isOwnOrigin(request)) return json(response, 403, { message: 'Use a page of this app' })
    const session = await connector.session(request)
    if (session === undefined) return json(response, 401, { signIn: connector.signInUrl({ returnTo: '/' }) })
    json(response, 200, await act(connector, session, request))
  }
  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) return
      if (error instanceof SignInRequired) return json(response, 401, { signIn: error.url })
      json(response, problemOf(error) === undefined ? 500 : 422, { message: problemOf(error)?.message ?? 'Something went wrong here' })
    })
  })
}

/** What the page may ask for, as the person who is signed in: no more than this can be reached through the server. */
async function act(connector: Connector, session: Session, request: IncomingMessage): Promise<unknown> {
  const { client } = connector.connection(session)
  if (`${request.method} ${request.url}` === 'POST /api/todos') {
    const { description } = JSON.parse(await text(request)) as { readonly description?: unknown }
    return { name: (await client.insert('ToDo', { description: String(description) })).name }
  }
  const users = await client.list('User', { fields: ['full_name'], orderBy: 'name asc' })
  return { person: session.user.name, users: users.map((user) => user['full_name']) }
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  end(response, status, 'application/json', JSON.stringify(body))

function end(response: ServerResponse, status: number, type: string, body: string): void {
  const headers = { 'content-type': type, 'cache-control': 'no-store', 'content-security-policy': "default-src 'self'" }
  response.writeHead(status, headers).end(body)
}

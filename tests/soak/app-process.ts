import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createConnector, SignInRequired, UpstreamUnavailable } from '@annex/connector'
import { nodeConnector } from '@annex/connector/node'
import { openSqlStore } from '@annex/connector/stores/sql'
import type { AppWork, Outcome } from './app-work.ts'

/** One process of an app under soak: calls on demand, and tells the ledger what it was told. It may be killed at any time. */
const work = JSON.parse(process.argv[2]!) as AppWork
const { run, port, origin, issuer, clientId, secret, scopes, keys, eventSecret, webhookSecret, ledger } = work
const MOST_CONNECTIONS = 100

async function note(kind: 'told' | 'changed', detail: object): Promise<void> {
  const answer = await fetch(`${ledger}/${kind}`, { method: 'POST', body: JSON.stringify({ run, ...detail }) })
  if (!answer.ok) throw new Error(`The ledger answers ${answer.status}`)
}

const store = await openSqlStore(work.store)
const everybody = async (): Promise<string[]> =>
  (await store.of('').connections.list({ limit: MOST_CONNECTIONS })).map((connection) => connection.id)
const webhooks = {
  secrets: { frappe: [webhookSecret ?? ''] },
  readers: everybody,
  onDocument: ({ connection, name, modified, document }: { connection: string; name: string; modified: string; document: object | null }) =>
    note('changed', { connection, name, modified, document }),
}
const connector = createConnector({
  issuer,
  client: { id: clientId, secret, redirectUri: `${origin}/connect/callback` },
  scopes: { required: ['openid'], optional: scopes },
  store,
  keys,
  ...(eventSecret === undefined ? {} : { revocations: { eventSecrets: [eventSecret] } }),
  ...(webhookSecret === undefined ? {} : { webhooks }),
})
for (const event of ['revoked', 'needs-sign-in'] as const)
  connector.on(event, ({ connection, reason }) => note('told', { event, connection, reason }))

/** One call as a person, or a renewal, as after an answer of the site that refuses the token. */
async function call(id: string, renews: boolean): Promise<Outcome> {
  const connection = connector.connection(id)
  try {
    if (renews) await connection.token({ rejected: await connection.token() })
    else await connection.check()
    return 'ok'
  } catch (error) {
    if (error instanceof SignInRequired) return 'sign-in'
    return error instanceof UpstreamUnavailable ? 'away' : { failed: String(error) }
  }
}

async function answerTo(url: URL, request: IncomingMessage): Promise<unknown> {
  const [, page, id = ''] = url.pathname.split('/')
  if (page === 'call') return call(decodeURIComponent(id), url.searchParams.has('renew'))
  if (page === 'session') return (await connector.session({ headers: new Headers({ cookie: request.headers.cookie ?? '' }) })) ?? null
  if (page !== 'memory') return undefined
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const handle = nodeConnector(connector)
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (await handle(request, response)) return
  const answered = await answerTo(new URL(request.url ?? '/', origin), request)
  response.writeHead(answered === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answered ?? null))
}

let isEnding = false
const server = createServer((request, response) => {
  // Whoever goes on asking over an open connection would keep this process alive.
  if (isEnding) response.shouldKeepAlive = false
  serve(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    response.destroy()
  })
})
server.listen(port, '127.0.0.1')
await once(server, 'listening')
const working = connector.start()
process.once('SIGTERM', () => {
  isEnding = true
  server.close()
  const closing = setInterval(() => server.closeIdleConnections(), 50)
  void Promise.all([working.stop(), once(server, 'close')]).then(() => {
    clearInterval(closing)
    return store.close()
  })
})
process.stdout.write('listening\n')

import { createServer } from 'node:http'
import { createConnector, type ConnectorOptions } from '@annex/connector'
import { nodeConnector, undiciTransport } from '@annex/connector/node'
import { openSqlStore } from '@annex/connector/stores/sql'

/** An app with one link field, in a process of its own. */
export interface LinksWork extends Pick<ConnectorOptions, 'issuer' | 'keys'> {
  readonly port: number
  readonly id: string
  readonly secret: string
  readonly store: string
}

const { issuer, keys, port, id, secret, store } = JSON.parse(process.argv[2]!) as LinksWork
const origin = `http://127.0.0.1:${port}`
const connector = createConnector({
  issuer,
  client: { id, secret, redirectUri: `${origin}/connect/callback` },
  scopes: { required: ['openid', 'Item:read'] },
  store: await openSqlStore(store),
  keys,
  transport: undiciTransport(),
  links: { Item: {} },
})
const handle = nodeConnector(connector)
const server = createServer((request, response) => void handle(request, response))
server.listen(port, '127.0.0.1', () => process.stdout.write(`listening on ${origin}\n`))
process.once('SIGTERM', () => process.exit(0))

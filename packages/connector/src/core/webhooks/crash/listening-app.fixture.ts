import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeConnector } from '../../../adapters/node.ts'
import { openRedisClient } from '../../../../../../tests/support/redis.ts'
import { redisStore } from '../../../stores/redis.ts'
import { openSqlStore } from '../../../stores/sql.ts'
import type { ConnectorStore } from '../../../stores/connector-store.ts'
import { createConnector } from '../../connector/connector.ts'
import { createKeys } from '../../sealing/key-ring.ts'

/** One process of an app that receives webhooks; prints its address. */
const { store: url, secret } = JSON.parse(process.argv[2]!) as { store: string; secret: string }

async function openStore(): Promise<ConnectorStore> {
  if (!url.startsWith('redis:')) return openSqlStore(url)
  return redisStore(openRedisClient(url).call)
}

const connector = createConnector({
  issuer: 'http://127.0.0.1:1',
  client: { id: 'shop', secret: 'secret', redirectUri: 'http://localhost:4100/connect/callback' },
  scopes: { required: ['openid'] },
  store: await openStore(),
  keys: createKeys(),
  webhooks: { secrets: { frappe: [secret] }, onDocument: () => undefined },
})
const handle = nodeConnector(connector)
const server = createServer((request, response) => {
  void handle(request, response).then((answered) => {
    if (!answered) response.writeHead(404).end()
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`))

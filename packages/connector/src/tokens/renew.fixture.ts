import { createConnector } from '../connector.ts'
import { openSqlStore } from '../stores/sql.ts'
import type { Keys } from './key-ring.ts'

/** One process of an app: many callers of one connection at once, their tokens as JSON on the standard output. */
interface Work {
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  readonly vault: string
  readonly keys: Keys
  readonly connection: string
  readonly rejected: string
  readonly callers: number
}

const { issuer, clientId, secret, vault, keys, connection: id, rejected, callers } = JSON.parse(process.argv[2]!) as Work
const store = await openSqlStore(vault)
const connector = createConnector({
  upstream: { issuer },
  client: { id: clientId, secret, redirectUri: 'http://localhost:4100/connect/callback' },
  scopes: { required: ['openid'] },
  store,
  keys,
})
const connection = connector.connection(id)
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  void Promise.all(Array.from({ length: callers }, () => connection.token({ rejected })))
    .then((tokens) => process.stdout.write(JSON.stringify([...new Set(tokens)])))
    .then(() => store.close())
    .then(() => process.stdin.destroy())
})

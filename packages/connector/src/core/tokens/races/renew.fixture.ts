import { openRedisClient } from '../../../../../../tests/support/redis.ts'
import { redisStore } from '../../../stores/redis.ts'
import { openSqlStore } from '../../../stores/sql.ts'
import { createConnector } from '../../connector/connector.ts'
import type { Keys } from '../../sealing/key-ring.ts'

/** One process of an app: many callers of one connection at once, their tokens as JSON on the standard output. */
interface Work {
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  /** Of a database, or of a Redis. */
  readonly vault: string
  readonly keys: Keys
  readonly connection: string
  readonly rejected?: string
  readonly callers: number
  /** Added to the time of day: this machine's clock is wrong by so many milliseconds. */
  readonly skewMs?: number
}

const { issuer, clientId, secret, vault, keys, connection: id, rejected, callers, skewMs = 0 } = JSON.parse(process.argv[2]!) as Work
const redis = vault.startsWith('redis:') ? openRedisClient(vault) : undefined
const store = redis === undefined ? await openSqlStore(vault) : await redisStore(redis.call)
const connector = createConnector({
  issuer,
  client: { id: clientId, secret, redirectUri: 'http://localhost:4100/connect/callback' },
  scopes: { required: ['openid'] },
  store,
  keys,
  clock: () => Date.now() + skewMs,
})
const connection = connector.connection(id)
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  void Promise.all(Array.from({ length: callers }, () => connection.token({ rejected })))
    .then((tokens) => process.stdout.write(JSON.stringify([...new Set(tokens)])))
    .then(() => store.close?.())
    .then(() => redis?.close())
    .then(() => process.stdin.destroy())
})

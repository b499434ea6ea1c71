import { createInterface } from 'node:readline'
import { createConnector, type Keys } from '@annex/connector'
import { redisStore } from '@annex/connector/stores/redis'
import { openSqlStore } from '@annex/connector/stores/sql'
import { openRedisClient } from '../../support/redis.ts'

/** One process of an app whose callers all want a token at once, each time a line says how far the clock is ahead. */
export interface RenewingWork {
  readonly issuer: string
  readonly id: string
  readonly secret: string
  readonly store: string
  readonly keys: Keys
  readonly connection: string
  readonly callers: number
}

const { issuer, id, secret, store, keys, connection: person, callers } = JSON.parse(process.argv[2]!) as RenewingWork
let ahead = 0
const connector = createConnector({
  issuer,
  client: { id, secret, redirectUri: 'http://localhost:4100/connect/callback' },
  scopes: { required: ['openid'] },
  store: store.startsWith('redis:') ? await redisStore(openRedisClient(store).call) : await openSqlStore(store),
  keys,
  clock: () => Date.now() + ahead,
})
const connection = connector.connection(person)
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  ahead = Number(line)
  const tokens = await Promise.all(Array.from({ length: callers }, () => connection.token()))
  process.stdout.write(`${JSON.stringify([...new Set(tokens)])}\n`)
}
process.exit(0)

// Runs on the Node that is tested, in a folder with the packed connector. Prints what it has seen, as JSON.
import { createConnector, createKeys, memoryStore, SignInRequired } from '@annex/connector'

const { ISSUER: issuer, REDIS: redis } = process.env
const seen = { node: process.versions.node }

const told = []
let store = memoryStore()
let close = () => undefined
if (redis !== undefined) {
  const { Redis } = await import('ioredis')
  const { redisStore } = await import('@annex/connector/stores/redis')
  const client = new Redis(redis)
  store = await redisStore((...words) => client.call(...words))
  close = () => client.disconnect()
}

const origin = 'http://localhost:4100'
const connector = createConnector({
  issuer,
  client: { id: process.env.CLIENT, secret: process.env.SECRET, redirectUri: `${origin}/connect/callback` },
  scopes: { required: ['openid', 'Item:read'] },
  store,
  keys: createKeys(),
  webhooks: {
    secrets: { frappe: ['a-secret'] },
    onDocument: (change) => void told.push([change.doctype, change.name, change.state]),
    readers: () => [session.connection],
  },
})
const cookiesOf = (answer) =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')

const away = await connector.handler(new Request(connector.signInUrl()))
const back = await fetch(away.headers.get('location'), { redirect: 'manual' })
const callback = await connector.handler(new Request(back.headers.get('location'), { headers: { cookie: cookiesOf(away) } }))
const session = await connector.session(new Request(origin, { headers: { cookie: cookiesOf(callback) } }))
seen.person = session.user.name

const connection = connector.connection(session.connection)
const first = await connection.token()
const renewed = await Promise.all(Array.from({ length: 20 }, () => connection.token({ rejected: first })))
seen.renewed = new Set(renewed).size === 1 && renewed[0] !== first
seen.item = (await connection.client.read('Item', 'Nut')).name

const body = new TextEncoder().encode('{"doctype": "Item", "name": "Nut", "modified": "2026-01-01 00:00:00.000000"}')
const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('a-secret'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
const signature = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign('HMAC', key, body))))
const headers = { 'x-frappe-webhook-signature': signature, 'content-type': 'application/json' }
const received = await connector.handler(new Request(`${origin}/connect/webhook/Item`, { method: 'POST', body, headers }))
seen.webhook = received.status
await connector.work()
seen.told = told

await connection.disconnect()
seen.after = await connection.token().catch((error) => (error instanceof SignInRequired ? error.code : String(error)))

const { openSqlStore } = await import('@annex/connector/stores/sql')
seen.sql = await openSqlStore('sqlite::memory:').catch((error) => error.message)
close()
process.stdout.write(JSON.stringify(seen))

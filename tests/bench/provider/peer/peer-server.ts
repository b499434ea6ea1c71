import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import Sqlite from 'better-sqlite3'
import type { Provider } from 'oidc-provider'
import { freePort } from '../../../support/free-port.ts'
import { allow, issueCode, makePeer, metadataOf, type Allowed } from '../../../support/peer/peer.ts'
import { PeerStore } from './peer-adapter.ts'
import type { PeerHoldings } from './peer.ts'
import { VERIFIER } from '../provider-scenarios.ts'

const ACCOUNT = 'bench@example.com'
const REDIRECT = 'http://127.0.0.1:9/callback'
const RIGHTS = 'Item:read Item:create'
const CLIENT = { id: 'bench', secret: 'the-secret-of-the-bench-that-is-the-same-every-time' }
const SERVICE = { id: 'bench-service', secret: 'the-secret-of-the-service-that-is-the-same-every-time' }
const CLIENTS = [
  { ...CLIENT, method: 'client_secret_post', scope: `openid ${RIGHTS}`, redirectUri: REDIRECT },
  { ...SERVICE, method: 'client_secret_post', scope: RIGHTS },
]
const AT_ONCE = 1000

/**
 * `node peer-server.ts FOLDER PAIRS CODES`: oidc-provider over a SQLite file of its own, with tokens and codes that its own
 * models have made before it listens. What apps hold of them goes to `peer.json`.
 */
async function main([folder = '', pairs = '', codes = '']: readonly string[]): Promise<void> {
  const database = new Sqlite(`${folder}/peer.db`)
  const store = new PeerStore(database)
  for (const client of CLIENTS) await store.adapterFor('Client').upsert(client.id, metadataOf(client))
  database.prepare('insert into account values (?, ?)').run(ACCOUNT, 'Bench')
  const account = database.prepare('select * from account where id = +?')
  const port = await freePort('127.0.0.1')
  const origin = `http://127.0.0.1:${port}`
  const provider = await makePeer({
    issuer: origin,
    clients: CLIENTS,
    stored: true,
    adapter: (model) => store.adapterFor(model),
    features: { introspection: { enabled: true } },
    findAccount: (id) => (account.get(id) === undefined ? undefined : { accountId: id, claims: () => ({ sub: id }) }),
    // Codes are made before the first is exchanged.
    ttl: { AuthorizationCode: 3600 },
  })
  const holdings: PeerHoldings = {
    client: CLIENT,
    service: SERVICE,
    redirectUri: REDIRECT,
    pairs: await Promise.all(Array.from({ length: Number(pairs) }, () => issuePair(provider))),
    codes: await makeCodes(provider, store, Number(codes)),
  }
  writeFileSync(`${folder}/peer.json`, JSON.stringify(holdings))
  const server = createServer(provider.callback()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  process.once('SIGTERM', () => {
    server.close(() => database.close())
    server.closeIdleConnections()
  })
  process.stdout.write(`listening on ${origin}\n`)
}

const allowed = (scope: string): Allowed => ({ account: ACCOUNT, client: CLIENT.id, scope })

/** Without `openid`: at a refresh the site signs nothing, and so must this. */
async function issuePair(provider: Provider): Promise<PeerHoldings['pairs'][number]> {
  const values = await allow(provider, allowed(RIGHTS))
  return { access_token: await new provider.AccessToken(values).save(), refresh_token: await new provider.RefreshToken(values).save() }
}

async function makeCodes(provider: Provider, store: PeerStore, count: number): Promise<string[]> {
  const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
  const codes: string[] = []
  const issue = (): Promise<string> => issueCode(provider, { ...allowed(`openid ${RIGHTS}`), redirectUri: REDIRECT, challenge })
  for (let left = count; left > 0; left -= AT_ONCE)
    codes.push(...(await store.batch(() => Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, issue)))))
  return codes
}

await main(process.argv.slice(2))

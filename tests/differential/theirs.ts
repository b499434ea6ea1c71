import { once } from 'node:events'
import { createServer } from 'node:http'
import { freePort } from '../support/free-port.ts'
import { issueCode, makePeer, type PeerClient } from '../support/peer/peer.ts'
import { CLIENTS, REDIRECT, SCOPE, SERVICE_SCOPE, type ClientName, type Credentials, type Side } from './side.ts'

const METHODS: Readonly<Record<ClientName, string>> = {
  basic: 'client_secret_basic',
  post: 'client_secret_post',
  public: 'none',
  service: 'client_secret_basic',
}
const ACCOUNT = 'alice'

/** oidc-provider in this process, on a port of its own: rotation as ours has it, and tokens that live as long. */
export async function openTheirs(): Promise<Side> {
  const issuer = `http://127.0.0.1:${await freePort('127.0.0.1')}`
  const clients = Object.fromEntries(
    CLIENTS.map((name) => [name, { id: name, secret: name === 'public' ? '' : `the-secret-of-${name}` }]),
  ) as Readonly<Record<ClientName, Credentials>>
  const provider = await makePeer({
    issuer,
    clients: CLIENTS.map((name) => registered(name, clients[name])),
    features: { revocation: { enabled: true, allowedPolicy: () => true } },
  })
  const server = createServer(provider.callback()).listen(Number(new URL(issuer).port), '127.0.0.1')
  await once(server, 'listening')
  return {
    token: `${issuer}/token`,
    revocation: `${issuer}/token/revocation`,
    clients,
    code: (client, challenge) =>
      issueCode(provider, { account: ACCOUNT, client: clients[client].id, scope: SCOPE, redirectUri: REDIRECT, challenge }),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const registered = (name: ClientName, { id, secret }: Credentials): PeerClient => ({
  id,
  method: METHODS[name],
  ...(name === 'public' ? {} : { secret }),
  ...(name === 'service' ? { scope: SERVICE_SCOPE } : { scope: SCOPE, redirectUri: REDIRECT }),
})

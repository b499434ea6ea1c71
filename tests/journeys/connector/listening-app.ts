import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import {
  createConnector,
  createKeys,
  type Connection,
  type Connector,
  type ConnectorEvents,
  type ConnectorOptions,
  type ConnectorStore,
  type Session,
} from '@annex/connector'
import { nodeConnector } from '@annex/connector/node'
import { CookieJar } from '../../contract/cookie-jar.ts'
import type { Api } from '../../support/callers/api.ts'
import type { Visitor } from '../../support/callers/visitor.ts'

export interface Told {
  readonly event: keyof ConnectorEvents
  readonly detail: unknown
  /** `performance.now()`. */
  readonly at: number
}

/** An app on a socket, which the site tells of what happens to its people's access; two connectors on one store share its work, as two processes do. */
export class ListeningApp {
  readonly connector: Connector
  readonly clientId: string
  /** What either of them was told. */
  readonly told: Told[] = []
  readonly #server: Server
  readonly #workers: { stop(): Promise<void> }[] = []

  private constructor(server: Server, connectors: readonly [Connector, Connector], clientId: string) {
    this.#server = server
    this.connector = connectors[0]
    this.clientId = clientId
    for (const connector of connectors) {
      for (const event of ['revoked', 'needs-sign-in', 'signed-out', 'scopes-changed', 'webhook-rejected'] as const)
        connector.on(event, (detail) => void this.told.push({ event, detail, at: performance.now() }))
      this.#workers.push(connector.start())
    }
  }

  /** Registers the app as a System Manager does, with its addresses, and listens there. */
  static async open(site: string, admin: Api, store: ConnectorStore): Promise<ListeningApp> {
    const answers: ReturnType<typeof nodeConnector>[] = []
    let requests = 0
    const server = createServer((request, response) => void answers[requests++ % 2]?.(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/connect`
    const client = await admin.insert('OAuth Client', {
      app_name: 'Listening',
      redirect_uris: `${base}/callback`,
      default_redirect_uri: `${base}/callback`,
      scopes: 'openid all Role:read User:read',
      allowed_roles: [{ role: 'All' }],
      event_uri: `${base}/events`,
      backchannel_logout_uri: `${base}/backchannel-logout`,
    })
    const [id, secret, eventSecret] = [client['client_id'], client['client_secret'], client['event_secret']].map(String)
    const options: ConnectorOptions = {
      issuer: site,
      client: { id: id!, secret: secret!, redirectUri: `${base}/callback` },
      scopes: { required: ['openid'], optional: ['Role:read', 'User:read'] },
      store,
      keys: createKeys(),
      revocations: { eventSecrets: [eventSecret!] },
    }
    const connectors = [createConnector(options), createConnector(options)] as const
    answers.push(...connectors.map(nodeConnector))
    return new ListeningApp(server, connectors, id!)
  }

  /** A browser of its own, in which a person whose browser is signed in at the site signs in here. */
  async signIn(visitor: Visitor): Promise<{ readonly connection: Connection; session(): Promise<Session | undefined> }> {
    const jar = new CookieJar()
    const visit = async (url: string): Promise<Response> => {
      const response = await fetch(url, { headers: { cookie: jar.header() ?? '' }, redirect: 'manual' })
      jar.accept(response.headers)
      return response
    }
    const away = await visit(this.connector.signInUrl())
    const back = await visit((await visitor.allow(away.headers.get('location') ?? '')).href)
    if (back.status !== 303) throw new Error(`The app lets nobody in: ${back.status} ${await back.text()}`)
    const session = () => this.connector.session(new Request(this.connector.origin, { headers: { cookie: jar.header() ?? '' } }))
    return { connection: this.connector.connection((await session())!.connection), session }
  }

  /** What the app was told of one connection, and of one kind when it is named. */
  of({ id }: Connection, event?: keyof ConnectorEvents): Told[] {
    return this.told.filter((told) => (told.detail as { connection?: string }).connection === id && (event ?? told.event) === told.event)
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

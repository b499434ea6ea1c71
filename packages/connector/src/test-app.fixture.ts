import type { Connection } from './connection.ts'
import { createConnector, type Connector, type ConnectorOptions } from './connector.ts'
import type { FakeSite } from './fake-site.fixture.ts'
import type { ConnectorStore } from './stores/connector-store.ts'
import { memoryStore } from './stores/memory.ts'
import { createKeys, type Keys } from './tokens/key-ring.ts'

/** An app on one store, with one browser that keeps cookies, and a clock that tests may move. */
export class TestApp {
  readonly store: ConnectorStore
  readonly connector: Connector
  readonly cookies = new Map<string, string>()
  readonly events: string[] = []
  readonly site: FakeSite
  readonly keys: Keys
  /** Added to the time of day, in milliseconds. */
  ahead = 0

  constructor(site: FakeSite, options: Partial<ConnectorOptions> = {}) {
    this.site = site
    this.store = options.store ?? memoryStore()
    this.keys = options.keys ?? createKeys()
    this.connector = createConnector({
      upstream: { issuer: site.url },
      client: { id: site.clientId, secret: site.secret, redirectUri: 'http://localhost:4100/connect/callback' },
      scopes: { required: ['openid', 'Item:read'], optional: ['Customer:read'] },
      clock: () => Date.now() + this.ahead,
      log: (event) => this.events.push(event),
      ...options,
      store: this.store,
      keys: this.keys,
    })
  }

  /** One request of the browser to the app. */
  async visit(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await this.connector.handler(new Request(new URL(url, this.connector.origin), { ...init, headers }))
    if (response === undefined) throw new Error(`${url} is not one of the connector's`)
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie)
    return response
  }

  #keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (cookie.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  /** To the site and back to the callback's address, which is not visited yet. */
  async atSite(url = this.connector.signInUrl()): Promise<string> {
    const away = await this.visit(url)
    const back = await fetch(away.headers.get('location')!, { redirect: 'manual' })
    return back.headers.get('location')!
  }

  /** The whole sign-in. */
  async signIn(url?: string): Promise<Response> {
    return this.visit(await this.atSite(url))
  }

  request(): Request {
    return new Request(this.connector.origin, {
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
  }

  async connection(): Promise<Connection> {
    const session = await this.connector.session(this.request())
    if (session === undefined) throw new Error('nobody is signed in')
    return this.connector.connection(session.connection)
  }
}

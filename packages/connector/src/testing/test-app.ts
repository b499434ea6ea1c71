import type { Connection } from '../core/connector/connection.ts'
import { createConnector, type Connector } from '../core/connector/connector.ts'
import type { ConnectorOptions } from '../core/connector/options.ts'
import { createKeys, type Keys } from '../core/sealing/key-ring.ts'
import type { ConnectorStore } from '../stores/connector-store.ts'
import { memoryStore } from '../stores/memory.ts'
import type { FakeChoice } from './fake/oauth/fake-oauth.ts'
import type { Fetch } from '../core/upstream/transport.ts'
import { TestBrowser, type TestSite } from './test-browser.ts'

/** The site that an app under test signs in with: a `FakeUpstream`, or whatever plays one. */
export interface AppSite extends TestSite {
  readonly issuer: string
  readonly client: { readonly id: string; readonly secret?: string }
  /** Milliseconds since 1970. */
  readonly clock: { readonly now: () => number }
  readonly fetch: Fetch
}

/** An app on one store, with one browser that keeps cookies, and a clock that tests may move apart from the site's. */
export class TestApp {
  readonly upstream: AppSite
  readonly store: ConnectorStore
  readonly keys: Keys
  readonly connector: Connector
  readonly browser: TestBrowser
  /** Names of what was logged, oldest first. */
  readonly events: string[] = []
  /** Added to the site's clock, in milliseconds. */
  ahead = 0

  /** @param options laid over those of an app that asks for `openid`, `Item:read` and, if wished, `Customer:read` */
  constructor(upstream: AppSite, options: Partial<ConnectorOptions> = {}) {
    this.upstream = upstream
    this.store = options.store ?? memoryStore()
    this.keys = options.keys ?? createKeys()
    this.connector = createConnector({
      issuer: upstream.issuer,
      client: { ...upstream.client, redirectUri: 'http://localhost:4100/connect/callback' },
      scopes: { required: ['openid', 'Item:read'], optional: ['Customer:read'] },
      fetch: upstream.fetch,
      clock: () => upstream.clock.now() + this.ahead,
      log: (event) => this.events.push(event),
      ...options,
      store: this.store,
      keys: this.keys,
    })
    this.browser = new TestBrowser((request) => this.connector.handler(request), upstream, this.connector.origin)
  }

  get cookies(): Map<string, string> {
    return this.browser.cookies
  }

  /** One request of the browser to the app. */
  visit(url: string, init?: RequestInit): Promise<Response> {
    return this.browser.visit(url, init)
  }

  /** To the site and back to the callback's address, which is not visited yet. */
  atSite(url = this.connector.signInUrl(), choice?: FakeChoice): Promise<string> {
    return this.browser.atSite(url, choice)
  }

  /** The whole sign-in. */
  signIn(url = this.connector.signInUrl(), choice?: FakeChoice): Promise<Response> {
    return this.browser.signIn(url, choice)
  }

  request(): Request {
    return this.browser.request()
  }

  /** @throws {Error} when nobody is signed in in the browser */
  async connection(): Promise<Connection> {
    const session = await this.connector.session(this.request())
    if (session === undefined) throw new Error('nobody is signed in')
    return this.connector.connection(session.connection)
  }
}

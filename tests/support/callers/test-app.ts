import { createConnector, createKeys, type Connection, type Connector, type ConnectorStore, type Keys } from '@annex/connector'
import { CookieJar } from '../../contract/cookie-jar.ts'
import type { App } from './connected-app.ts'
import type { Visitor } from './visitor.ts'

/** An app built on the connector, with one person's browser in front of it. Its own pages are called without a socket, the site by one. */
export class TestApp {
  readonly connector: Connector
  readonly keys: Keys = createKeys()
  readonly jar = new CookieJar()

  constructor(site: string, { id, secret, redirectUri }: App, store: ConnectorStore, scopes: readonly string[]) {
    this.connector = createConnector({
      issuer: site,
      client: { id, secret, redirectUri },
      scopes: { required: ['openid'], optional: scopes },
      store,
      keys: this.keys,
    })
  }

  /** The whole sign-in of a person whose browser is signed in at the site. @throws {Error} when it fails */
  async signIn(visitor: Visitor): Promise<Connection> {
    const away = await this.#visit(this.connector.signInUrl())
    const back = await this.#visit((await visitor.allow(away.headers.get('location') ?? '')).href)
    if (back.status !== 303) throw new Error(`The app lets nobody in: ${back.status} ${await back.text()}`)
    const session = await this.connector.session(this.#request(this.connector.origin))
    if (session === undefined) throw new Error('The app has no session of the person who signed in')
    return this.connector.connection(session.connection)
  }

  async #visit(url: string): Promise<Response> {
    const response = await this.connector.handler(this.#request(url))
    if (response === undefined) throw new Error(`${url} is no page of the connector's`)
    this.jar.accept(response.headers)
    return response
  }

  #request(url: string): Request {
    return new Request(url, { headers: { cookie: this.jar.header() ?? '' } })
  }
}

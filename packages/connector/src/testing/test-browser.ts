import type { FakeChoice } from './fake/oauth/fake-oauth.ts'

/** Where a person signs in: a fake site, or whatever plays one. */
export interface TestSite {
  allow(authorizationUrl: string, choice?: FakeChoice): Promise<string>
}

/** A browser in front of an app: keeps its cookies, and signs in at the site. */
export class TestBrowser {
  /** The app's cookies, by name. */
  readonly cookies = new Map<string, string>()
  readonly #app: (request: Request) => Promise<Response | undefined>
  readonly #site: TestSite
  readonly #origin: string

  /**
   * @param app what answers a request of the browser, as `connector.handler` does
   * @param origin of the app; paths are taken from there
   */
  constructor(app: (request: Request) => Promise<Response | undefined>, site: TestSite, origin: string) {
    this.#app = app
    this.#site = site
    this.#origin = origin
  }

  /** @throws {Error} when the app has no answer for the address */
  async visit(url: string, init: RequestInit = {}): Promise<Response> {
    const request = this.request(url, init)
    const response = await this.#app(request)
    if (response === undefined) throw new Error(`${url} is not one of the app's`)
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie)
    return response
  }

  /** To the site and back to the callback's address, which is not visited yet. */
  async atSite(signInUrl: string, choice?: FakeChoice): Promise<string> {
    const away = await this.visit(signInUrl)
    const location = away.headers.get('location')
    if (location === null) throw new Error(`The app does not send to the site, it answers ${away.status}: ${await away.text()}`)
    return this.#site.allow(location, choice)
  }

  /** The whole sign-in; gives the answer of the callback. */
  async signIn(signInUrl = '/connect/login', choice?: FakeChoice): Promise<Response> {
    return this.visit(await this.atSite(signInUrl, choice))
  }

  /** A request with the cookies of this browser, to be shown to `connector.session`. */
  request(url = '/', init: RequestInit = {}): Request {
    const headers = new Headers(init.headers)
    if (this.cookies.size > 0) headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    return new Request(new URL(url, this.#origin), { ...init, headers })
  }

  #keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (cookie.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

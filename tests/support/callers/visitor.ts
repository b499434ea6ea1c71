import { CookieJar } from '../../contract/cookie-jar.ts'
import { submissionOf } from '../../contract/consent-form.ts'
import { readReply, type Reply } from './api.ts'

export interface Page extends Reply {
  readonly url: URL
  /** Where it sends the browser, absolute. */
  readonly location: URL | undefined
}

type Fields = Readonly<Record<string, string>> | URLSearchParams

/** A person at a browser that runs no scripts and follows no redirect by itself. */
export class Visitor {
  readonly base: string
  readonly jar: CookieJar

  /** `jar`: of the same browser, when the site has moved to another port. */
  constructor(base: string, jar = new CookieJar()) {
    this.base = base
    this.jar = jar
  }

  /** Signs in through the page. @throws {Error} when the site does not let them in */
  async signIn(user: string, password: string, page = '/login'): Promise<this> {
    const form = await this.get(page)
    const redirectTo = /name="redirect-to" value="([^"]*)"/.exec(form.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const answer = await this.post('/login', { 'redirect-to': redirectTo, usr: user, pwd: password })
    if (answer.location === undefined) throw new Error(`${user} cannot sign in: ${answer.status} ${answer.text}`)
    return this
  }

  get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.#send(url, { method: 'GET', headers })
  }

  /** A form post from a page of the site itself. */
  post(url: string, fields: Fields, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    const own = { origin: this.base, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
    return this.#send(url, { method: 'POST', headers: { ...own, ...headers }, body: new URLSearchParams(fields) })
  }

  /** Presses a button of a consent page as a browser would; `untick` names scopes. */
  async press(page: Page, decision: 'allow' | 'deny' = 'allow', untick: readonly string[] = []): Promise<Page> {
    const submission = submissionOf(page.text, decision, untick)
    if (submission === undefined) throw new Error(`This is no consent page: ${page.status} ${page.text.slice(0, 500)}`)
    return this.post(new URL(submission.action || page.url, page.url).href, submission.fields)
  }

  /** From an authorization request to where the site sends the browser in the end, over the consent page when there is one. */
  async allow(url: string, untick: readonly string[] = []): Promise<URL> {
    const page = await this.get(url)
    const answer = page.status === 200 ? await this.press(page, 'allow', untick) : page
    if (answer.location === undefined) throw new Error(`The site sends nobody back to the app: ${answer.status} ${answer.text}`)
    return answer.location
  }

  /** The Cookie header. */
  get cookie(): string {
    return this.jar.header() ?? ''
  }

  async #send(url: string, init: RequestInit): Promise<Page> {
    const at = new URL(url, this.base)
    const cookie = this.jar.header()
    const headers = {
      accept: 'text/html,*/*;q=0.8',
      ...(cookie === undefined ? {} : { cookie }),
      ...(init.headers as Record<string, string>),
    }
    const response = await fetch(at, { ...init, headers, redirect: 'manual' })
    this.jar.accept(response.headers)
    const location = response.headers.get('location')
    return { ...(await readReply(response)), url: at, location: location === null ? undefined : new URL(location, at) }
  }
}

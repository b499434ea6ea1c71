import { submissionOf } from '../../contract/consent-form.ts'
import { CookieJar } from '../../contract/cookie-jar.ts'

/** One person at the site: signs in, sends documents, and allows an app what it asks for. */
export class Browser {
  readonly #site: string
  readonly #jar = new CookieJar()

  constructor(site: string) {
    this.#site = site
  }

  async signIn(user: string, password: string): Promise<void> {
    const response = await this.#send('/api/method/login', { method: 'POST', body: new URLSearchParams({ usr: user, pwd: password }) })
    await jsonOf(response)
  }

  /** The Cookie header of the session, for requests that are sent by other means. */
  get cookie(): string {
    return this.#jar.header() ?? ''
  }

  async insert(doctype: string, values: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { 'content-type': 'application/json' }
    const response = await this.#send(`/api/resource/${encodeURIComponent(doctype)}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(values),
    })
    const { data } = (await jsonOf(response)) as { data: Record<string, unknown> }
    return data
  }

  /**
   * Follows an authorization request to the app's redirect URI, over the consent page when there is one.
   *
   * @returns the parameters that the app is given
   */
  async authorize(path: string): Promise<URLSearchParams> {
    const answer = await this.#send(path, { headers: { accept: 'text/html' } })
    if (answer.status !== 200) return parametersOf(answer)
    const submission = submissionOf(await answer.text(), 'allow', [])
    if (!submission) throw new Error('The authorization endpoint answered with a page that has no consent form')
    const headers = { accept: 'text/html', origin: this.#site }
    const page = new URL(path, this.#site)
    const { pathname } = new URL(submission.action || page, page)
    return parametersOf(await this.#send(pathname, { method: 'POST', headers, body: submission.fields }))
  }

  async #send(path: string, request: RequestInit): Promise<Response> {
    const cookie = this.#jar.header()
    const headers = {
      accept: 'application/json',
      ...(cookie === undefined ? {} : { cookie }),
      ...(request.headers as Record<string, string>),
    }
    const response = await fetch(new URL(path, this.#site), {
      ...request,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    })
    this.#jar.accept(response.headers)
    return response
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  if (!response.ok) throw new Error(`The site refused what the bench needs (${response.status}): ${text.slice(0, 500)}`)
  return JSON.parse(text)
}

function parametersOf(response: Response): URLSearchParams {
  const location = response.headers.get('location')
  const parameters = location === null ? undefined : new URL(location, response.url).searchParams
  if (!parameters?.has('code')) throw new Error(`The authorization ended without a code (${response.status}, ${location ?? 'no redirect'})`)
  return parameters
}

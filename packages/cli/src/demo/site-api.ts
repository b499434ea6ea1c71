import { decodeError, isRecord, type Values } from '@annex/connector'

/** The public API of a site, by a session cookie: all that the demo uses to make its data. */
export class SiteApi {
  readonly #base: string
  #cookie = ''

  constructor(base: string) {
    this.#base = base
  }

  /** @throws {FrappeError} when the site refuses */
  async signIn(user: string, password: string): Promise<void> {
    const response = await fetch(`${this.#base}/api/method/login`, { method: 'POST', body: new URLSearchParams({ usr: user, pwd: password }) })
    if (!response.ok) throw decodeError(response.status, await response.json())
    const sid = response.headers.getSetCookie().find((cookie) => cookie.startsWith('sid='))
    this.#cookie = sid?.split(';')[0] ?? ''
  }

  async insert(doctype: string, values: Values): Promise<Values> {
    return this.#send('POST', resource(doctype), values)
  }

  async update(doctype: string, name: string, values: Values): Promise<Values> {
    return this.#send('PUT', resource(doctype, name), values)
  }

  async #send(method: string, path: string, values: Values): Promise<Values> {
    const headers = { 'content-type': 'application/json', accept: 'application/json', cookie: this.#cookie }
    const response = await fetch(this.#base + path, { method, headers, body: JSON.stringify(values) })
    const body: unknown = await response.json()
    if (!response.ok) throw decodeError(response.status, body)
    const data = isRecord(body) ? body['data'] : undefined
    return isRecord(data) ? data : {}
  }
}

const resource = (doctype: string, name?: string): string => `/api/resource/${encodeURIComponent(doctype)}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`

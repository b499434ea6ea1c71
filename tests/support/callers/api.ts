/** One answer of a site, read to its end. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The JSON of the body; an empty object when it is none. */
  readonly body: Readonly<Record<string, unknown>>
}

export type Values = Readonly<Record<string, unknown>>
type Headers_ = Readonly<Record<string, string>>

/** One caller of a site's API, who shows the same credentials each time. */
export class Api {
  readonly base: string
  readonly headers: Headers_

  constructor(base: string, headers: Headers_ = {}) {
    this.base = base
    this.headers = headers
  }

  /** @throws {Error} when the site does not take the password */
  static async signIn(base: string, user: string, password: string): Promise<Api> {
    const answer = await fetch(`${base}/api/method/login`, { method: 'POST', body: new URLSearchParams({ usr: user, pwd: password }) })
    if (!answer.ok) throw new Error(`${user} cannot sign in: ${answer.status} ${await answer.text()}`)
    const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0])
    return new Api(base, { cookie: cookies.join('; ') })
  }

  static byToken(base: string, token: string): Api {
    return new Api(base, { authorization: `Bearer ${token}` })
  }

  /** Values go as a JSON body; `headers` are laid over the caller's own. */
  async send(method: string, path: string, values?: Values, headers: Headers_ = {}): Promise<Reply> {
    const body = values === undefined ? {} : { body: JSON.stringify(values) }
    const typed = values === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(this.base + path, {
      method,
      headers: { accept: 'application/json', ...typed, ...this.headers, ...headers },
      redirect: 'manual',
      ...body,
    })
    return readReply(response)
  }

  /** The document that came of it. @throws {Error} when the site refuses */
  async insert(doctype: string, values: Values): Promise<Values> {
    return dataOf(await this.send('POST', pathOf(doctype), values))
  }

  async update(doctype: string, name: string, values: Values): Promise<Values> {
    return dataOf(await this.send('PUT', pathOf(doctype, name), values))
  }

  async read(doctype: string, name: string): Promise<Values> {
    return dataOf(await this.send('GET', pathOf(doctype, name)))
  }

  list(doctype: string, query: Values = {}): Promise<Reply> {
    return this.send('GET', `${pathOf(doctype)}?${queryOf(query)}`)
  }

  get(method: string, query: Values = {}): Promise<Reply> {
    return this.send('GET', `/api/method/${method}?${queryOf(query)}`)
  }

  post(method: string, values: Values = {}): Promise<Reply> {
    return this.send('POST', `/api/method/${method}`, values)
  }
}

export const pathOf = (doctype: string, name?: string): string =>
  `/api/resource/${encodeURIComponent(doctype)}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`

/** Lists and objects as JSON, as Frappe's clients send them in an address. */
const queryOf = (query: Values): string =>
  new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  ).toString()

export async function readReply(response: Response): Promise<Reply> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parseObject(text) }
}

function parseObject(text: string): Reply['body'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Reply['body']) : {}
  } catch {
    return {}
  }
}

function dataOf(reply: Reply): Values {
  const { data } = reply.body
  if (reply.status !== 200 || typeof data !== 'object' || data === null) throw new Error(`The site refused: ${reply.status} ${reply.text}`)
  return data as Values
}

import { createHash } from 'node:crypto'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { IdentityHouse } from '../identity.fixture.ts'

export interface Page {
  readonly status: number
  readonly text: string
  readonly location: string | null
}

export const PASSWORD = 'Corr3ct-horse-alice'
let people = 0

/** A browser without scripts: it keeps its session, and sends the CSRF token that the pages show it. */
export class Visitor {
  sid = ''
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(base: string, headers: Readonly<Record<string, string>> = {}) {
    this.#base = base
    this.#headers = { 'user-agent': 'a test', ...headers }
  }

  /** A new user of the site. */
  static async person({ documents }: IdentityHouse, values: Readonly<Record<string, unknown>> = {}): Promise<string> {
    people += 1
    const email = `visitor${people}@example.com`
    await documents.insert(ADMINISTRATOR, 'User', [{ email, first_name: 'Visitor', new_password: PASSWORD, ...values }])
    return email
  }

  async signIn(usr: string, pwd = PASSWORD): Promise<Page> {
    return this.#ask('/login', { usr, pwd })
  }

  get(path: string): Promise<Page> {
    return this.#ask(path)
  }

  /** Posts a form, with the CSRF token of the account page unless another is given. */
  async post(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const [, token = ''] = /name="csrf_token" value="([^"]+)"/.exec((await this.get('/account')).text) ?? []
    return this.#ask(path, { csrf_token: token, ...fields })
  }

  /** By which the site names the session. */
  sessionHash(): string {
    return createHash('sha256').update(this.sid).digest('hex')
  }

  async user(): Promise<unknown> {
    return (JSON.parse((await this.get('/api/me')).text) as { user: unknown }).user
  }

  async #ask(path: string, fields?: Readonly<Record<string, string>>): Promise<Page> {
    const headers = { ...this.#headers, ...(this.sid === '' ? {} : { cookie: `sid=${this.sid}` }) }
    const sent = fields === undefined ? {} : { method: 'POST', body: new URLSearchParams(fields) }
    const response = await fetch(this.#base + path, { redirect: 'manual', headers, ...sent })
    const sid = response.headers.getSetCookie().flatMap((line) => /^sid=([^;]+)/.exec(line)?.[1] ?? [])
    this.sid = sid[0] ?? this.sid
    return { status: response.status, text: await response.text(), location: response.headers.get('location') }
  }
}

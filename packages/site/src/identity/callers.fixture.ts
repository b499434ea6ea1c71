import { ADMINISTRATOR } from '../policy/principal.ts'
import type { IdentityHouse } from './identity.fixture.ts'

export const PASSWORD = 'Corr3ct-horse-alice'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly json: Record<string, unknown>
  readonly headers: Headers
  readonly cookies: ReadonlyMap<string, string>
}

/** How tests call a house over HTTP, and make people of their own there. */
export function callersOf(house: () => IdentityHouse) {
  let people = 0

  async function ask(path: string, options: RequestInit & { readonly headers?: Record<string, string> } = {}): Promise<Reply> {
    const response = await fetch(house().base + path, { redirect: 'manual', ...options })
    const text = await response.text()
    const cookies = new Map(
      response.headers
        .getSetCookie()
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).split(';', 1)[0] ?? '']),
    )
    const isJson = response.headers.get('content-type') === 'application/json'
    return {
      status: response.status,
      text,
      headers: response.headers,
      cookies,
      json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    }
  }

  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  const signIn = (usr: string, pwd = PASSWORD, headers: Record<string, string> = {}): Promise<Reply> =>
    post('/api/method/login', { usr, pwd }, headers)
  const sidOf = async (user: string): Promise<string> => (await signIn(user)).cookies.get('sid') ?? ''
  const me = (sid: string): Promise<Reply> => ask('/api/me', { headers: { cookie: `sid=${sid}` } })

  /** A new user of the test's own. */
  async function person(values: Record<string, unknown> = {}): Promise<string> {
    people += 1
    const email = `person${people}@example.com`
    await house().documents.insert(ADMINISTRATOR, 'User', [
      { email, first_name: 'Person', last_name: `${people}`, new_password: PASSWORD, ...values },
    ])
    return email
  }

  return { ask, post, signIn, sidOf, me, person }
}

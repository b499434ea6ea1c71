import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const PASSWORD = 'Corr3ct-horse-alice'
const ALICE = 'alice@example.com'
const BOB = 'bob@example.com'

interface Answer {
  readonly status: number
  readonly body: { readonly data?: unknown; readonly message?: unknown; readonly exc_type?: string }
}

/** A person at the site's API, by session. */
async function signIn(base: string, usr: string, pwd: string): Promise<(method: string, path: string, values?: object) => Promise<Answer>> {
  const answer = await fetch(`${base}/api/method/login`, { method: 'POST', body: new URLSearchParams({ usr, pwd }) })
  expect(answer.status).toBe(200)
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return async (method, path, values) => {
    const body = values === undefined ? {} : { body: JSON.stringify(values) }
    const response = await fetch(base + path, { method, headers: { cookie, 'content-type': 'application/json' }, ...body })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
}

describe.each(engines)('A user and the User documents, on %s', (engine) => {
  let site: RunningSite
  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await signIn(site.url, 'Administrator', site.adminPassword)
    for (const email of [ALICE, BOB])
      expect((await admin('POST', '/api/resource/User', { email, first_name: 'Old', new_password: PASSWORD })).status).toBe(200)
  })
  afterAll(() => site.close())

  it('changes their own name, picture and language, and reads them back', async () => {
    const alice = await signIn(site.url, ALICE, PASSWORD)
    const changed = await alice('PUT', `/api/resource/User/${ALICE}`, {
      first_name: 'Alice',
      last_name: 'Example',
      language: 'de',
      user_image: '/files/alice.png',
    })
    expect(changed).toMatchObject({ status: 200, body: { data: { full_name: 'Alice Example' } } })
    const read = await alice('GET', `/api/resource/User/${ALICE}`)
    expect(read).toMatchObject({ status: 200, body: { data: { first_name: 'Alice', language: 'de', user_image: '/files/alice.png' } } })
  })

  it('cannot give themselves a role, another address or another kind of account', async () => {
    const alice = await signIn(site.url, ALICE, PASSWORD)
    await alice('PUT', `/api/resource/User/${ALICE}`, {
      roles: [{ role: 'System Manager' }],
      enabled: 0,
      email: BOB,
      user_type: 'Website User',
    })
    const admin = await signIn(site.url, 'Administrator', site.adminPassword)
    const { body } = await admin('GET', `/api/resource/User/${ALICE}`)
    expect(body.data).toMatchObject({ name: ALICE, email: ALICE, enabled: 1, roles: [] })
  })

  it('sees the names of others and nothing else of them', async () => {
    const alice = await signIn(site.url, ALICE, PASSWORD)
    expect((await alice('GET', `/api/resource/User/${BOB}`)).status).toBe(403)
    expect((await alice('PUT', `/api/resource/User/${BOB}`, { first_name: 'x' })).status).toBe(403)
    expect((await alice('DELETE', `/api/resource/User/${BOB}`)).status).toBe(403)
    expect((await alice('POST', '/api/resource/User', { email: 'eve@example.com', first_name: 'Eve' })).status).toBe(403)
    const list = await alice(
      'GET',
      `/api/resource/User?fields=${encodeURIComponent('["*"]')}&filters=${encodeURIComponent(JSON.stringify({ name: BOB }))}`,
    )
    expect(list.status).toBe(200)
    expect(Object.keys((list.body.data as object[])[0] ?? {}).toSorted()).toEqual(['full_name', 'name'])
  })

  it('changes their password, which ends every session and lets the old one in no more', async () => {
    const admin = await signIn(site.url, 'Administrator', site.adminPassword)
    await admin('POST', '/api/resource/User', { email: `carol-${engine}@example.com`, first_name: 'Carol', new_password: PASSWORD })
    const carol = await signIn(site.url, `carol-${engine}@example.com`, PASSWORD)
    expect((await carol('PUT', `/api/resource/User/carol-${engine}@example.com`, { new_password: 'an-even-better-one-2' })).status).toBe(
      200,
    )
    expect((await carol('GET', '/api/method/frappe.auth.get_logged_user')).status).toBe(403)
    const old = await fetch(`${site.url}/api/method/login`, {
      method: 'POST',
      body: new URLSearchParams({ usr: `carol-${engine}@example.com`, pwd: PASSWORD }),
    })
    expect(old.status).toBe(401)
    await signIn(site.url, `carol-${engine}@example.com`, 'an-even-better-one-2')
  })

  it('who is disabled is refused by session, API key and password alike', async () => {
    const admin = await signIn(site.url, 'Administrator', site.adminPassword)
    const dave = `dave-${engine}@example.com`
    await admin('POST', '/api/resource/User', { email: dave, first_name: 'Dave', new_password: PASSWORD })
    const session = await signIn(site.url, dave, PASSWORD)
    const keys = await admin('POST', '/api/method/frappe.core.doctype.user.user.generate_keys', { user: dave })
    const { api_key: key, api_secret: secret } = keys.body.message as { api_key: string; api_secret: string }
    const byKey = async (authorization: string): Promise<number> =>
      (await fetch(`${site.url}/api/method/frappe.auth.get_logged_user`, { headers: { authorization } })).status
    const schemes = [`token ${key}:${secret}`, `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`]
    for (const scheme of schemes) expect(await byKey(scheme)).toBe(200)
    await admin('PUT', `/api/resource/User/${dave}`, { enabled: 0 })
    for (const scheme of schemes) expect(await byKey(scheme)).toBe(401)
    expect((await session('GET', '/api/method/frappe.auth.get_logged_user')).status).toBe(403)
    const login = await fetch(`${site.url}/api/method/login`, { method: 'POST', body: new URLSearchParams({ usr: dave, pwd: PASSWORD }) })
    expect(login.status).toBe(401)
  })
})

describe('Core DocTypes, on SQLite', () => {
  let site: RunningSite
  beforeAll(async () => {
    site = await startSite('sqlite')
  })
  afterAll(() => site.close())

  it.each(['OAuth Client', 'Role', 'DocType', 'User Permission', 'OAuth Bearer Token'])(
    '%s is listed and read by System Managers alone',
    async (doctype) => {
      const admin = await signIn(site.url, 'Administrator', site.adminPassword)
      for (const [email, roles] of [
        ['mia@example.com', [{ role: 'System Manager' }]],
        ['nora@example.com', []],
      ] as const) {
        await admin('POST', '/api/resource/User', { email, first_name: 'x', new_password: PASSWORD, roles })
      }
      const path = `/api/resource/${encodeURIComponent(doctype)}`
      expect((await (await signIn(site.url, 'mia@example.com', PASSWORD))('GET', path)).status).toBe(200)
      expect((await (await signIn(site.url, 'nora@example.com', PASSWORD))('GET', path)).status).toBe(403)
    },
  )
})

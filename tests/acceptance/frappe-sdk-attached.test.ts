import { FrappeApp } from 'frappe-js-sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { attachToFrappeSdk } from '@annex/connector/frappe-sdk'
import { FakeUpstream, TestApp } from '@annex/connector/testing'
import { Api } from '../support/callers/api.ts'
import { connect, registerApp, renew, tokensOf, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const ITEM = '/api/resource/Item'

describe('frappe-js-sdk with the token of a connection', () => {
  let site: FakeUpstream
  let listening: { close(): Promise<void> }
  let app: FrappeApp
  let person: TestApp

  beforeEach(async () => {
    site = new FakeUpstream()
    listening = await site.listen()
    person = new TestApp(site, { fetch, scopes: { required: ['openid', 'all'] } })
    await person.signIn()
    app = new FrappeApp(site.issuer)
  })
  afterEach(() => listening.close())
  const shown = (): (string | null)[] =>
    site.requests.filter((request) => request.path === ITEM).map((request) => request.headers.get('authorization'))

  test('reads, writes and lists as the person', async () => {
    attachToFrappeSdk(app, await person.connection())
    await app.db().createDoc('Item', { name: 'B1', title: 'Bolt' })
    expect(await app.db().getDoc('Item', 'B1')).toMatchObject({ title: 'Bolt', owner: 'sam@example.com' })
    expect(await app.db().getDocList('Item')).toEqual([{ name: 'B1' }])
    expect((await app.call().get<{ message: string }>('frappe.auth.get_logged_user')).message).toBe('sam@example.com')
  })

  test('shows a token that was renewed before it ended', async () => {
    attachToFrappeSdk(app, await person.connection())
    await app.db().getDocList('Item')
    site.clock.advance(3_590_000)
    await app.db().getDocList('Item')
    expect(site.renewals).toBe(1)
    expect(new Set(shown()).size).toBe(2)
  })

  test('sends what meets 401 once more with the next token, its body too', async () => {
    attachToFrappeSdk(app, await person.connection())
    site.expireAccess()
    expect(await app.db().createDoc('Item', { name: 'N1', title: 'Nut' })).toMatchObject({ title: 'Nut' })
    expect([site.renewals, site.count(ITEM)]).toEqual([1, 2])
    expect(new Set(shown()).size).toBe(2)
    // The next goes at once.
    await app.db().getDocList('Item')
    expect(site.count(ITEM)).toBe(3)
  })

  test('many that meet 401 at once renew once', async () => {
    attachToFrappeSdk(app, await person.connection())
    site.expireAccess()
    await Promise.all(Array.from({ length: 16 }, () => app.db().getDocList('Item')))
    expect(site.renewals).toBe(1)
  })

  test('is not sent a third time', async () => {
    attachToFrappeSdk(app, await person.connection())
    site.override = (request) => (request.path === ITEM ? { status: 401, json: { exc_type: 'AuthenticationError' } } : undefined)
    await expect(app.db().getDocList('Item')).rejects.toMatchObject({ httpStatus: 401 })
    expect(site.count(ITEM)).toBe(2)
  })

  test('a refusal comes as the SDK tells it', async () => {
    attachToFrappeSdk(app, await person.connection())
    await expect(app.db().getDoc('Item', 'nothing')).rejects.toMatchObject({ httpStatus: 404, exc_type: 'DoesNotExistError' })
    expect(site.renewals).toBe(0)
  })

  test('access that has ended comes with the address to sign in at', async () => {
    const connection = await person.connection()
    attachToFrappeSdk(app, connection)
    await site.revoke()
    await expect(app.db().getDocList('Item')).rejects.toMatchObject({
      httpStatus: 401,
      code: 'sign_in_required',
      url: expect.stringMatching(/\/connect\/login/) as string,
    })
  })

  test('a token of its own making does not come before the person’s', async () => {
    const own = new FrappeApp(site.issuer, { useToken: true, token: () => 'its-own', type: 'Bearer' })
    const detach = attachToFrappeSdk(own, await person.connection())
    await own.db().getDocList('Item')
    detach()
    await expect(own.db().getDocList('Item')).rejects.toMatchObject({ httpStatus: 401 })
    expect(shown()).toEqual([expect.not.stringContaining('its-own') as string, 'Bearer its-own'])
  })

  test('a database made before works as well, and once detached sends nothing of the person', async () => {
    const db = app.db()
    const detach = attachToFrappeSdk(app, await person.connection())
    await db.getDocList('Item')
    detach()
    await expect(db.getDocList('Item')).rejects.toMatchObject({ httpStatus: 403 })
    expect(shown()).toEqual([expect.stringMatching(/^Bearer /) as string, null])
  })

  test('a token goes to no other place', async () => {
    const other = new FakeUpstream()
    const elsewhere = await other.listen()
    try {
      attachToFrappeSdk(app, await person.connection())
      await app.axios.get(`${elsewhere.url}/api/method/ping`)
      expect(other.requests.map((request) => request.headers.get('authorization'))).toEqual([null])
    } finally {
      await elsewhere.close()
    }
  })
})

describe('frappe-js-sdk attached at this project’s own site', () => {
  let site: RunningSite
  let registered: App
  let refresh: string
  let access: string
  beforeAll(async () => {
    site = await startSite('sqlite')
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    const person = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice' }
    await admin.insert('User', person)
    registered = await registerApp(admin, { scopes: 'openid all' })
    const visitor = await new Visitor(site.url).signIn(person.email, person.new_password)
    ;({ access, refresh } = await connect(visitor, registered, 'all'))
  })
  afterAll(() => site.close())

  test('goes on after its token was refused, with the one that was renewed', async () => {
    const app = new FrappeApp(site.url)
    let current = 'not-a-token'
    const token = async ({ rejected }: { readonly rejected?: string | undefined } = {}): Promise<string> => {
      if (rejected !== current) return current
      const pair = tokensOf(await renew(site.url, registered, refresh))
      expect(pair.access).not.toBe(access)
      return (current = pair.access)
    }
    attachToFrappeSdk(app, { token })
    expect((await app.call().get<{ message: string }>('frappe.auth.get_logged_user')).message).toBe('alice@example.com')
  })
})

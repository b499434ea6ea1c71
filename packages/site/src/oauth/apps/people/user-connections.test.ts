import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { insertSocialIdentity } from '../../../identity/social/social-store.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, register, request, swap, type Reply } from '../../testing/app.fixture.ts'
import { csrfOf } from '../../testing/forms.fixture.ts'
import type { OAuthTables } from '../../storage/oauth-tables.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { tokenKey } from '../../token-text.ts'

const USER = '/connected-apps/user'
const END = '/connected-apps/user/end-all'
const UNTIE = '/connected-apps/user/untie'
const ACCESS = '/connected-apps/user/api-access'
const of = (user: string, path = USER): string => `${path}?user=${encodeURIComponent(user)}`

describe.each(engines)('the page on a user’s connections, on %s', (engine) => {
  let provider: Provider
  let sam: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] }))
  })
  afterAll(() => provider.close())

  it('shows what apps may do in their name, is reached from the list and from an app, and ends all of it after a second question', async () => {
    const [user, other] = [await person(provider), await person(provider)]
    const [ann, ben] = [await new Browser(provider).signIn(user), await new Browser(provider).signIn(other)]
    const [one, two] = [
      await register(provider, { app_name: 'Route planner', scopes: 'openid Item:read' }),
      await register(provider, { app_name: 'Depot', scopes: 'openid Item:write' }),
    ]
    const hers = [
      await connect(provider, ann, one, { scope: 'openid Item:read' }),
      await connect(provider, ann, two, { scope: 'Item:write' }),
    ]
    hers.push(await connect(provider, ann, one, { scope: 'openid' }))
    const his = await connect(provider, ben, one, { scope: 'openid Item:read' })
    expect((await sam.get(`/connected-apps/${one.id}/use`)).text).toContain(`href="${of(user)}"`)
    const list = await sam.get('/connected-apps')
    const found = await sam.post(USER, { user: ` ${user} `, csrf_token: csrfOf(list) })
    expect([found.status, `${found.location?.pathname}${found.location?.search}`]).toEqual([303, of(user)])
    const page = await sam.get(of(user))
    for (const words of ['Route planner', 'Read Item', 'Depot', 'Change Item', 'Connections: 2', 'Connections: 1', of(user, END)])
      expect(page.text).toContain(words)
    expect((await me(provider, hers[0]!.access)).status).toBe(200)
    const question = await sam.get(of(user, END))
    expect(question.text).toContain('Connections that end: 3.')
    const csrf_token = csrfOf(question)
    expect((await sam.post(END, { user })).status).toBe(400)
    const done = await sam.post(END, { user, csrf_token })
    expect([done.status, done.location?.pathname]).toEqual([303, USER])
    for (const { access } of hers) expect((await me(provider, access)).status).toBe(401)
    expect((await me(provider, his.access)).status).toBe(200)
    expect(provider.events.filter((event) => event.user === user && event.reason === 'manager_revoked')).toHaveLength(3)
    const after = await sam.get(of(user))
    expect(after.text).toContain('No app has access to this account.')
    expect(after.text).not.toContain(of(user, END))
    expect((await sam.get(of(user, END))).location?.pathname).toBe(USER)
  })

  it('shows what those apps did, from where, and what they were refused', async () => {
    const user = await person(provider)
    const app = await register(provider, { scopes: 'openid Item:read' })
    const { access } = await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'openid Item:read' })
    const { id: grant } = (await provider.grants.list(user, app.id))[0]!
    await me(provider, access)
    const used = { client: app.id, grant, hash: tokenKey(access) }
    provider.oauth.usage.used(used, 'Item', 'read')
    provider.oauth.usage.refused(used, 'scope', 'list Customer', 'Customer:read')
    const { text } = await sam.get(of(user))
    for (const words of ['What these apps did', '<svg', 'list Customer', 'It was not granted Customer:read', '127.0.0.* (1)'])
      expect(text).toContain(words)
    expect(text).not.toContain(access)
    expect((await sam.get(of(await person(provider)))).text).not.toContain('What these apps did')
  })

  it('switches API access off and on for them, which the next call feels', async () => {
    const user = await person(provider)
    const ann = await new Browser(provider).signIn(user)
    const { access } = await connect(provider, ann, await register(provider))
    const page = await sam.get(of(user))
    expect(page.text).toContain('Switch API access off')
    const csrf_token = csrfOf(page)
    const choose = (api_access: string, by = sam, csrf = csrf_token): Promise<Reply> =>
      by.post(ACCESS, { user, api_access, csrf_token: csrf })
    expect((await choose('0', sam, '')).status).toBe(400)
    expect((await choose('0', ann, csrfOf(await ann.get('/my-apps')))).status).toBe(403)
    expect((await choose('maybe')).status).toBe(417)
    expect((await me(provider, access)).status).toBe(200)
    const off = await choose('0')
    expect([off.status, `${off.location?.pathname}${off.location?.search}`]).toEqual([303, of(user)])
    expect((await me(provider, access)).status).toBe(401)
    const after = await sam.get(of(user))
    for (const words of ['Switch API access on', 'API access was switched off']) expect(after.text).toContain(words)
    await choose('1')
    expect((await me(provider, access)).status).toBe(200)
    for (const none of ['Administrator', 'nobody@example.com']) expect((await sam.get(of(none))).text).not.toContain('Switch API access')
  })

  it('has no switch for Administrator, whom no switch keeps, nor for a user whose User is hidden from the manager', async () => {
    const [user, admin] = [await person(provider), await person(provider)]
    await sql`update "tabUser" set name = 'Administrator' where name = ${admin}`.execute(provider.database.connection)
    expect((await sam.get(of(user))).text).toContain('Switch API access off')
    const page = await sam.get(of('Administrator'))
    expect([page.status, page.text.includes('No app has access to this account.')]).toEqual([200, true])
    expect(page.text).not.toContain('Switch API access')
    const bound = await person(provider, { roles: [{ role: 'System Manager' }] })
    await provider.documents.insert(ADMINISTRATOR, 'User Permission', [{ user: bound, allow: 'User', for_value: bound }])
    const mia = await new Browser(provider).signIn(bound)
    const hidden = await mia.get(of(user))
    expect([hidden.status, hidden.text.includes('Switch API access')]).toEqual([200, false])
    expect((await mia.get(of(bound))).text).toContain('Switch API access off')
  })

  it('counts every connection and shows every app, however many there are', async () => {
    const user = await person(provider)
    const ann = await new Browser(provider).signIn(user)
    const [first, busy] = [await register(provider, { app_name: 'The first' }), await register(provider, { app_name: 'Busy' })]
    await connect(provider, ann, first)
    await connect(provider, ann, busy)
    const { id: _id, ...grant } = (await provider.grants.list(user, busy.id))[0]!
    const more = Array.from({ length: 120 }, (_, i) => ({ ...grant, id: `${user} ${i}`, created: grant.created + i + 1 }))
    await provider.database.connection.withTables<OAuthTables>().insertInto('oauth_grant').values(more).execute()
    const { text } = await sam.get(of(user))
    for (const words of ['The first', 'Connections: 1,', 'Busy', 'Connections: 121,']) expect(text).toContain(words)
    expect((await ann.get('/my-apps')).text).toContain('The first')
    expect((await sam.get(of(user, END))).text).toContain('Connections that end: 122.')
  })

  it('asks for a name first, finds it in any case, and tells nobody from somebody who has allowed nothing', async () => {
    const page = await sam.get(USER)
    expect(page.status).toBe(200)
    expect(page.text).not.toContain('No app has access')
    expect((await sam.get(of('nobody@example.com'))).text).toContain('Nobody of this name can sign in here')
    const user = await person(provider)
    for (const typed of [user, user.toUpperCase()]) expect((await sam.get(of(typed))).text).toContain('No app has access to this account.')
    expect((await sam.post(END, { user: '', csrf_token: csrfOf(page) })).status).toBe(303)
  })

  it('shows by which other sites they sign in, and unties one, also the last, which the trail remembers', async () => {
    const user = await person(provider)
    const [issuer, created] = ['https://house.example.com', 1_700_000_000_000_000]
    await insertSocialIdentity(provider.database.connection, { issuer, sub: 'her', user, created })
    const page = await sam.get(of(user))
    for (const words of ['Other sites that sign this user in', issuer, 'turned off here', '2023-11-14']) expect(page.text).toContain(words)
    const csrf_token = csrfOf(page)
    expect((await sam.post(UNTIE, { user, issuer })).status).toBe(400)
    const ann = await new Browser(provider).signIn(user)
    expect((await ann.post(UNTIE, { user, issuer, csrf_token: csrfOf(await ann.get('/my-apps')) })).status).toBe(403)
    expect(await provider.identities.listFor(ADMINISTRATOR, user)).toHaveLength(1)
    const done = await sam.post(UNTIE, { user: user.toUpperCase(), issuer, csrf_token })
    expect([done.status, `${done.location?.pathname}${done.location?.search}`]).toEqual([303, of(user)])
    expect(await provider.identities.listFor(ADMINISTRATOR, user)).toEqual([])
    expect((await sam.get(of(user))).text).not.toContain(issuer)
    expect((await sam.post(UNTIE, { user, issuer, csrf_token })).status).toBe(404)
    const { rows } = await sql`select audit.detail from audit join audit_person on audit_person.person = audit.about
      where audit.event = 'social identity untied' and audit_person."user" = ${user}`.execute(provider.database.connection)
    expect(rows).toEqual([{ detail: JSON.stringify({ issuer }) }])
  })

  it('is for System Managers alone', async () => {
    const user = await person(provider)
    const ann = await new Browser(provider).signIn(user)
    const app = await register(provider)
    const { access } = await connect(provider, ann, app)
    const csrf_token = csrfOf(await ann.get('/my-apps'))
    for (const reply of [
      await ann.get(of(user)),
      await ann.get(of(user, END)),
      await ann.post(USER, { user, csrf_token }),
      await ann.post(END, { user, csrf_token }),
    ])
      expect(reply.status).toBe(403)
    expect((await new Browser(provider).get(of(user))).location?.pathname).toBe('/login')
    expect((await me(provider, access)).status).toBe(200)
    expect((await swap(provider, app, await ann.code(request(app)))).status).toBe(200)
  })
})

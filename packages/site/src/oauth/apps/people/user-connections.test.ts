import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { Browser, connect, me, person, register, request, swap } from '../../testing/app.fixture.ts'
import { csrfOf } from '../../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const USER = '/connected-apps/user'
const END = '/connected-apps/user/end-all'
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

  it('asks for a name first, finds it in any case, and tells nobody from somebody who has allowed nothing', async () => {
    const page = await sam.get(USER)
    expect(page.status).toBe(200)
    expect(page.text).not.toContain('No app has access')
    expect((await sam.get(of('nobody@example.com'))).text).toContain('Nobody of this name can sign in here')
    const user = await person(provider)
    for (const typed of [user, user.toUpperCase()]) expect((await sam.get(of(typed))).text).toContain('No app has access to this account.')
    expect((await sam.post(END, { user: '', csrf_token: csrfOf(page) })).status).toBe(303)
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

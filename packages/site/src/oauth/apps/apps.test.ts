import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, REDIRECT, connect, me, person, register, request, swap, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const csrfOf = (page: Reply): string => /name="csrf_token" value="([^"]*)"/.exec(page.text)?.[1] ?? ''

describe.each(engines)('the pages of apps on %s', (engine) => {
  let provider: Provider
  let sam: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] }))
  })
  afterAll(() => provider.close())

  it('My apps shows what each app may do, and ends all its grants', async () => {
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    const app = await register(provider, { app_name: 'Route planner', scopes: 'openid Item:read Item:write' })
    const first = await swap(provider, app, await alice.code(request(app, { scope: 'openid Item:read Item:write' }), ['Item:write']))
    const second = await connect(provider, alice, app, { scope: 'openid' })
    const page = await alice.get('/my-apps')
    expect(page.status).toBe(200)
    expect(page.text.match(/<h2>[^\n]*Route planner/g)).toHaveLength(1)
    expect(page.text).toContain('Read Item')
    expect((await alice.post('/my-apps/revoke', { client_id: app.id })).status).toBe(400)
    for (const nothing of [{}, { client_id: '' }])
      expect((await alice.post('/my-apps/revoke', { ...nothing, csrf_token: csrfOf(page) })).status).toBe(417)
    expect((await provider.grants.list(user)).length).toBeGreaterThan(0)
    const answer = await alice.post('/my-apps/revoke', { client_id: app.id, csrf_token: csrfOf(page) })
    expect([answer.status, answer.location?.pathname]).toEqual([303, '/my-apps'])
    for (const token of [String(first.json['access_token']), second.access]) expect((await me(provider, token)).status).toBe(401)
    expect((await alice.get('/my-apps')).text).not.toContain('Route planner')
    expect((await alice.authorize(request(app, { scope: 'Item:write' }))).text).toMatch(/value="Item:write"\s+checked/)
  })

  it('a guest signs in first and comes back', async () => {
    for (const path of ['/my-apps', '/connected-apps']) {
      const reply = await new Browser(provider).get(path)
      expect(reply.location?.pathname).toBe('/login')
      expect(reply.location?.searchParams.get('redirect-to')).toBe(path)
    }
  })

  it('Connected Apps tells others in words that it is not theirs', async () => {
    const alice = await new Browser(provider).signIn(await person(provider))
    const { id } = await register(provider)
    const csrf_token = csrfOf(await alice.get('/my-apps'))
    const replies = [
      await alice.get('/connected-apps'),
      await alice.get(`/connected-apps/${id}`),
      await alice.post('/connected-apps/new', { csrf_token, app_name: 'x' }),
      await alice.post(`/connected-apps/${id}/rotate-secret`, { csrf_token }),
      await alice.post(`/connected-apps/${id}/retire`, { csrf_token }),
    ]
    for (const reply of replies) {
      expect(reply.status).toBe(403)
      expect(reply.text).toContain('Only System Managers')
    }
  })

  it('an app is made, shown its secret once, changed, rotated and retired', async () => {
    const form = await sam.get('/connected-apps/new')
    const csrf_token = csrfOf(form)
    const fields = {
      csrf_token,
      app_name: 'Depot',
      redirect_uris: `${REDIRECT}\r\nhttps://app.example.com/two`,
      scopes: 'openid Item:read',
      required_scopes: '',
      optional_scopes: '',
      pkce_required: '1',
      kind: 'web',
    }
    const made = await sam.post('/connected-apps/new', fields)
    expect(made.status).toBe(200)
    const secret = /annex_cs_[A-Za-z0-9_-]{43}/.exec(made.text)?.[0] ?? ''
    const path = /href="(\/connected-apps\/[0-9a-v]{10})"/.exec(made.text)?.[1] ?? ''
    expect(secret).not.toBe('')
    const saved = await sam.get(path)
    expect(saved.text).toContain('Depot')
    expect(saved.text).toContain(`${REDIRECT}\nhttps://app.example.com/two`)
    expect(saved.text).not.toContain('annex_cs_')
    const refused = await sam.post(path, { ...fields, redirect_uris: 'http://app.example.com/cb' })
    expect(refused.status).toBe(417)
    expect(refused.text).toContain('must be https')
    expect((await sam.post(path, { ...fields, app_name: 'Depot 2' })).location?.pathname).toBe(path)
    const rotated = await sam.post(`${path}/rotate-secret`, { csrf_token })
    expect(rotated.text).toMatch(/annex_cs_[A-Za-z0-9_-]{43}/)
    expect(rotated.text).not.toContain(secret)
    expect((await sam.post(`${path}/retire`, { csrf_token })).status).toBe(303)
    const list = await sam.get('/connected-apps')
    expect(list.text).toContain('Depot 2')
    expect(list.text).toContain('retired')
  })

  it('exchanges the secret of an app’s events once at a time, and ends one of two', async () => {
    const { id } = await register(provider, { event_uri: 'https://app.example.com/events' })
    const told = `/connected-apps/${id}/told`
    const csrf_token = csrfOf(await sam.get(told))
    const rotate = (): Promise<Reply> => sam.post(`/connected-apps/${id}/rotate-event-secret`, { csrf_token })
    expect((await rotate()).text).toContain('whsec_')
    const again = await rotate()
    expect([again.status, again.text]).toEqual([417, expect.stringContaining('Two secrets of this app are good already')])
    const [, newest = ''] = /name="secret" value="([0-9a-f-]{36})"/.exec((await sam.get(told)).text) ?? []
    const ended = await sam.post(`/connected-apps/${id}/end-event-secret`, { csrf_token, secret: newest })
    expect(ended.location?.pathname).toBe(told)
    const left = await provider.telling.eventSecrets.list(ADMINISTRATOR, id)
    expect([left.length, left.map((secret) => secret.id).includes(newest)]).toEqual([1, false])
    expect((await sam.get(told)).text).not.toContain('end-event-secret')
  })

  it('changes nothing without the form’s own token, and nothing from another site', async () => {
    const { id } = await register(provider)
    const csrf_token = csrfOf(await sam.get('/connected-apps/new'))
    for (const reply of [
      await sam.post(`/connected-apps/${id}/retire`, {}),
      await sam.post(`/connected-apps/${id}/retire`, { csrf_token }, { origin: 'https://evil.example' }),
    ])
      expect(reply.status).toBe(400)
    expect((await provider.oauth.clients.read(ADMINISTRATOR, id))['enabled']).toBe(1)
  })

  it('shows what was loosened for an app', async () => {
    const { id } = await register(provider, { skip_authorization: 1, unfenced: 1, revoke_mode: 'token-only' })
    const page = await sam.get(`/connected-apps/${id}`)
    for (const words of ['PKCE is not required', 'not asked for consent', 'reaches users', 'leaves the others alive'])
      expect(page.text).toContain(words)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { AUTHORIZE, Browser, ask, formOf, me, connect, person, register, request, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const NEAR = 'https://app.example.com/CB'

describe('a redirect URI that nearly matches a registered one', () => {
  let provider: Provider
  let app: App
  let owner: string

  beforeAll(async () => {
    provider = await openProvider('sqlite')
    owner = await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] })
    const principal = { ...ADMINISTRATOR, user: owner }
    const { id, secret } = await provider.oauth.clients.insert(principal, {
      app_name: 'Mine',
      scopes: 'openid all',
      redirect_uris: 'https://app.example.com/cb',
      default_redirect_uri: 'https://app.example.com/cb',
    })
    app = { id, secret: secret ?? '' }
    // The owner need not be a System Manager any more.
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: owner, values: { roles: [{ role: 'Desk User' }] } })
  })
  afterAll(() => provider.close())

  const asked = (): Record<string, string> => request(app, { redirect_uri: NEAR }) as Record<string, string>
  const pageFor = async (user: string): Promise<string> => {
    const reply = await (await new Browser(provider).signIn(user)).authorize(asked())
    expect([reply.status, reply.location]).toEqual([400, undefined])
    return reply.text
  }

  it('is explained to the owner and to System Managers', async () => {
    for (const user of [owner, await person(provider, { roles: [{ role: 'System Manager' }] })])
      expect(await pageFor(user)).toMatch(/app\.example\.com\/cb[\s\S]*character 25[\s\S]*upper and lower case differ/)
  })

  it('is not explained to anybody else, nor outside a page, nor to a token of the owner', async () => {
    expect(await pageFor(await person(provider))).not.toMatch(/character|example\.com/)
    const guest = await new Browser(provider).authorize(asked())
    expect(guest.text).not.toMatch(/character|example\.com/)
    const browser = await new Browser(provider).signIn(owner)
    const json = await browser.get(`${AUTHORIZE}?${formOf(asked())}`, { accept: 'application/json' })
    expect(json.json).toEqual({ description: 'Mismatching redirect URI.', status_code: 400, error: 'invalid_request' })
    const { access } = await connect(provider, browser, app)
    expect((await me(provider, access)).status).toBe(200)
    const headers = { authorization: `Bearer ${access}`, accept: 'text/html' }
    expect((await ask(provider, `${AUTHORIZE}?${formOf(asked())}`, { headers })).text).not.toMatch(/character|example\.com/)
  })

  it.each(['all', '*:read'])('F13: %s of an app that registered itself is refused at the redirect URI', async (scope) => {
    const own = await register(provider, { dynamically_registered: 1, scopes: 'openid profile Item:read' })
    const reply = await (await new Browser(provider).signIn(await person(provider))).authorize(request(own, { scope: `openid ${scope}` }))
    expect([reply.location?.origin, reply.location?.searchParams.get('error')]).toEqual(['https://app.example.com', 'invalid_scope'])
  })
})

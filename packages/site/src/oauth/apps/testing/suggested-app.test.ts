import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, person } from '../../testing/app.fixture.ts'
import { csrfOf, fieldsOf } from '../../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const FORM = '/connected-apps/new'
const CALLBACK = 'https://shop.example.com/connect/callback'
/** A link as integrators publish it for a Frappe. */
const LINK = `/app/oauth-client/new?${new URLSearchParams({
  app_name: 'Shop + Sons',
  redirect_uris: CALLBACK,
  default_redirect_uri: CALLBACK,
  scopes: 'openid Item:read',
  grant_type: 'Authorization Code',
  response_type: 'Code',
})}`

describe.each(engines)('a link to the filled-in form of a new app, on %s', (engine) => {
  let provider: Provider
  let manager: Browser
  beforeAll(async () => {
    provider = await openProvider(engine)
    manager = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }] }))
  })
  afterAll(() => provider.close())

  const follow = async (browser: Browser, link: string) => {
    const { location } = await browser.get(link)
    return browser.get(`${location!.pathname}${location!.search}`)
  }

  it('leads a System Manager to the site’s own form, which registers nothing before it is saved', async () => {
    const before = await provider.oauth.clients.list(ADMINISTRATOR)
    const page = await follow(manager, LINK)
    expect(fieldsOf(page, FORM)).toMatchObject({
      app_name: 'Shop + Sons',
      redirect_uris: CALLBACK,
      scopes: 'openid Item:read',
      kind: 'web',
      pkce_required: '1',
    })
    expect(page.text).toContain('A link has filled in this form')
    expect(await provider.oauth.clients.list(ADMINISTRATOR)).toEqual(before)
    expect((await manager.get(FORM)).text).not.toContain('A link has filled in')
  })

  it('is saved as the person left it, with the address that hears of sign-outs', async () => {
    const logout = 'https://shop.example.com/connect/backchannel-logout'
    const page = await follow(manager, `${LINK}&backchannel_logout_uri=${encodeURIComponent(logout)}`)
    const saved = await manager.post(FORM, { ...fieldsOf(page, FORM), app_name: 'Shop' })
    const id = /<code>([0-9a-z]+)<\/code>/.exec(saved.text)?.[1] ?? ''
    expect(await provider.oauth.clients.read(ADMINISTRATOR, id)).toMatchObject({
      app_name: 'Shop',
      default_redirect_uri: CALLBACK,
      backchannel_logout_uri: logout,
      scopes: 'openid Item:read',
      require_pkce: 1,
    })
  })

  it('keeps what was typed when the site refuses it', async () => {
    const fields = { ...fieldsOf(await follow(manager, LINK), FORM), backchannel_logout_uri: 'ftp://shop.example.com/' }
    const refused = await manager.post(FORM, fields)
    expect(refused.text).toContain('The back-channel logout URI ftp://shop.example.com/')
    expect(fieldsOf(refused, FORM)).toMatchObject({ backchannel_logout_uri: 'ftp://shop.example.com/', redirect_uris: CALLBACK })
  })

  it('asks a stranger to sign in first, with all that it suggests kept', async () => {
    const stranger = new Browser(provider)
    const { location } = await follow(stranger, LINK)
    expect(location?.pathname).toBe('/login')
    const target = new URL(location!.searchParams.get('redirect-to')!, location)
    expect([target.pathname, target.searchParams.get('app_name'), target.searchParams.get('redirect_uris')]).toEqual([
      FORM,
      'Shop + Sons',
      CALLBACK,
    ])
  })

  it('opens nothing to a user who is no System Manager', async () => {
    const user = await new Browser(provider).signIn(await person(provider))
    expect((await follow(user, LINK)).status).toBe(403)
  })

  it('writes no markup, loosens nothing and cannot post', async () => {
    const link = `/app/oauth-client/new?${new URLSearchParams({
      app_name: '"><script>alert(1)</script>',
      redirect_uris: '</textarea><script>alert(2)</script>',
      backchannel_logout_uri: '"><script>alert(3)</script>',
      kind: 'service',
      service_user: 'Administrator',
      pkce_required: '0',
      require_pkce: '0',
      skip_authorization: '1',
      unfenced: '1',
    })}&__proto__=x`
    const page = await follow(manager, link)
    expect(page.text).not.toMatch(/<script>alert/)
    expect(fieldsOf(page, FORM)).toMatchObject({ kind: 'web', pkce_required: '1', service_user: '' })
    expect(Object.keys(fieldsOf(page, FORM))).not.toEqual(expect.arrayContaining(['unfenced']))
    expect((await manager.post(link, { csrf_token: csrfOf(page) })).status).toBe(405)
    expect((await manager.post(FORM, { ...fieldsOf(page, FORM), csrf_token: '' })).status).toBe(400)
  })
})

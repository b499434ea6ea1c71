import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', last_name: 'Example', new_password: 'Corr3ct-horse-alice' }
const SCOPE = 'openid profile email'

describe.each(engines)('openid-client, unchanged and without a browser, on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', ALICE)
  })
  afterAll(() => site.close())

  const discover = (app: App, authentication: openid.ClientAuth): Promise<openid.Configuration> =>
    openid.discovery(new URL(site.url), app.id, undefined, authentication, { execute: [openid.allowInsecureRequests] })

  it('signs a person in on a device: shows a code, waits, and gets its tokens once they allowed it', async () => {
    const app = await registerApp(admin, { kind: 'native', app_name: 'Terminal', scopes: SCOPE })
    const config = await discover(app, openid.None())
    const device = await openid.initiateDeviceAuthorization(config, { scope: SCOPE })
    const alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
    const page = await alice.get(device.verification_uri_complete ?? '')
    expect(page.text).toContain(device.user_code)
    // The package waits for the interval before its first question.
    const [tokens] = await Promise.all([openid.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 }), alice.press(page)])
    expect(tokens.claims()).toMatchObject({ iss: site.url, aud: app.id, email: ALICE.email })
    expect(await openid.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? '')).toMatchObject({ email: ALICE.email })
    expect((await openid.refreshTokenGrant(config, tokens.refresh_token ?? '')).scope).toBe(SCOPE)
  })

  it('is told when the person refuses', async () => {
    const app = await registerApp(admin, { kind: 'native', app_name: 'Terminal', scopes: SCOPE })
    const config = await discover(app, openid.None())
    const device = await openid.initiateDeviceAuthorization(config, { scope: SCOPE })
    const alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
    await alice.press(await alice.get(device.verification_uri_complete ?? ''), 'deny')
    await expect(openid.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 })).rejects.toMatchObject({ error: 'access_denied' })
  })

  it('acts for itself as its service user', async () => {
    const app = await registerApp(admin, { kind: 'service', service_user: ALICE.email, scopes: 'User:read' })
    const config = await discover(app, openid.ClientSecretBasic(app.secret))
    const tokens = await openid.clientCredentialsGrant(config)
    expect(tokens.refresh_token).toBeUndefined()
    expect(tokens.scope).toBe('User:read')
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, username: ALICE.email })
    await openid.tokenRevocation(config, tokens.access_token)
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false })
  })
})

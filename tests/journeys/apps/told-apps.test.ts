import { decodeJwt } from 'jose'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Receiver } from '../../../packages/site/src/webhooks/receiver.fixture.ts'
import { Api, type Reply } from '../../support/callers/api.ts'
import { connect } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { engines } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const NORA = 'nora@example.com'
const messageOf = (reply: Reply): unknown => reply.body['message']
const CALLBACK = 'https://app.example.com/callback'

describe.each(engines)('an app that listens, on %s', (engine) => {
  let site: RunningSite
  let app: Receiver
  beforeAll(async () => {
    site = await startSite(engine)
    app = await new Receiver().open()
  })
  afterAll(async () => {
    await site.close()
    await app.close()
  })

  it('hears within five seconds that its user was disabled: by a signed event, and by a logout token', async () => {
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', { email: NORA, first_name: 'Nora', new_password: PASSWORD, roles: [] })
    const client = await admin.insert('OAuth Client', {
      app_name: 'Listening',
      redirect_uris: CALLBACK,
      default_redirect_uri: CALLBACK,
      scopes: 'openid all',
      allowed_roles: [{ role: 'All' }],
      event_uri: `${app.url}/events`,
      backchannel_logout_uri: `${app.url}/logout`,
    })
    const [id, secret, eventSecret] = [client['client_id'], client['client_secret'], client['event_secret']].map(String)
    const nora = await new Visitor(site.url).signIn(NORA, PASSWORD)
    const tokens = await connect(nora, { id: id!, secret: secret!, redirectUri: CALLBACK }, 'openid all')
    await admin.update('User', NORA, { enabled: 0 })
    const ended = performance.now()
    // One event of the grant; of its end and of the session's a logout token each.
    const received = await app.heard(3, 5000)
    for (const { at } of received) expect(at - ended).toBeLessThan(5000)
    const event = received.find(({ path }) => path === '/events')
    const { sub, sid } = decodeJwt(tokens.idToken) as { sub: string; sid: string }
    expect(new Webhook(eventSecret!).verify(event?.body ?? '', event?.headers as Record<string, string>)).toMatchObject({
      type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
      data: { iss: site.url, client_id: id, sub, reason: 'credentials_changed' },
    })
    const logout = received.find(({ path }) => path === '/logout')
    expect(decodeJwt(new URLSearchParams(logout?.body).get('logout_token') ?? '')).toMatchObject({ iss: site.url, aud: id, sub, sid })
    expect(site.output()).not.toContain(eventSecret)
  })

  it('hears it again when a System Manager asks for that, signed by either secret', async () => {
    const own = await new Receiver().open()
    onTestFinished(() => own.close())
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    const client = await admin.insert('OAuth Client', {
      app_name: 'Forgetful',
      kind: 'service',
      scopes: 'Role:read User:read',
      service_user: (await admin.insert('User', { email: 'robot@example.com', first_name: 'Robot', roles: [] }))['name'],
      event_uri: `${own.url}/events`,
    })
    const [id, secret] = [String(client['name']), String(client['client_secret'])]
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret })
    expect((await fetch(`${site.url}/api/method/frappe.integrations.oauth2.get_token`, { method: 'POST', body: form })).status).toBe(200)
    await admin.post('annex.apps.end_all', { client: id })
    const first = (await own.heard(1))[0]
    const rotated = messageOf(await admin.post('annex.apps.rotate_event_secret', { client: id })) as { event_secret: string }
    const [told] = messageOf(await admin.get('annex.apps.deliveries', { client: id })) as { delivery: string; reason: string }[]
    expect((await admin.post('annex.apps.retry_delivery', { client: id, delivery: 'another' })).status).toBe(404)
    expect((await admin.post('annex.apps.retry_delivery', { client: id, delivery: told!.delivery })).status).toBe(200)
    const again = (await own.heard(2))[1]
    expect(again?.body).toBe(first?.body)
    for (const key of [String(client['event_secret']), rotated.event_secret])
      expect(new Webhook(key).verify(again?.body ?? '', again?.headers as Record<string, string>)).toMatchObject({
        data: { client_id: id },
      })
    const { event_secrets: two } = messageOf(await admin.get('annex.apps.get', { client: id })) as { event_secrets: { secret: string }[] }
    expect(two).toHaveLength(2)
    expect((await admin.post('annex.apps.end_event_secret', { client: id, secret: two[1]!.secret })).status).toBe(200)
    expect(messageOf(await admin.get('annex.apps.get', { client: id }))).toMatchObject({ event_secrets: [two[0]] })
    expect((await admin.post('annex.apps.forget_delivery', { client: id, delivery: told!.delivery })).status).toBe(200)
    expect(messageOf(await admin.get('annex.apps.deliveries', { client: id }))).toEqual([])
  })
})

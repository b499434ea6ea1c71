import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Api, readReply, type Reply } from '../../support/callers/api.ts'
import { connect, registerApp, renew, tokensOf, type App } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice' }
const OAUTH = '/api/method/frappe.integrations.oauth2.'
const SCOPE = 'openid User:read'
const CRATES = { scopes: 'openid Crate:read' }
/** Milliseconds after a change was answered in which each process follows it. */
const SOON = 1000

describe('A site of two processes on one PostgreSQL', () => {
  let first: RunningSite
  let second: RunningSite
  let admin: Api
  let alice: Visitor
  let app: App

  beforeAll(async () => {
    first = await startSite('postgres')
    second = await startSite('postgres', { DATABASE_URL: first.databaseUrl, ANNEX_KEYS: join(first.folder, 'keys.json') })
    admin = await Api.signIn(first.url, 'Administrator', first.adminPassword)
    await admin.insert('User', ALICE)
    alice = await new Visitor(first.url).signIn(ALICE.email, ALICE.new_password)
    app = await registerApp(admin, { scopes: SCOPE })
  })
  afterAll(async () => {
    await second.close()
    await first.close()
  })

  const post = async (site: RunningSite, name: string, fields: Readonly<Record<string, string>>): Promise<Reply> =>
    readReply(await fetch(`${site.url}${OAUTH}${name}`, { method: 'POST', body: new URLSearchParams(fields) }))
  const profile = async (site: RunningSite, token: string): Promise<number> =>
    (await fetch(`${site.url}${OAUTH}openid_profile`, { headers: { authorization: `Bearer ${token}` } })).status

  it('E03 refuses in the one what was revoked in the other, at the next call', async () => {
    const tokens = await connect(alice, app, SCOPE)
    expect([await profile(first, tokens.access), await profile(second, tokens.access)]).toEqual([200, 200])
    expect((await post(first, 'revoke_token', { token: tokens.refresh })).status).toBe(200)
    expect([await profile(second, tokens.access), await profile(first, tokens.access)]).toEqual([401, 401])
    expect((await renew(second.url, app, tokens.refresh)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('D03 gives the same pair for a refresh token in both', async () => {
    const tokens = await connect(alice, app, SCOPE)
    const replies = await Promise.all([first, second, first, second].map(({ url }) => renew(url, app, tokens.refresh)))
    expect(new Set(replies.map(({ body }) => body['access_token'])).size).toBe(1)
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  it('lets a device begin in the one, its user decide in the other, and tells it in the first', async () => {
    const device = await registerApp(admin, { kind: 'native', scopes: SCOPE })
    const begun = (await post(first, 'device_authorization', { client_id: device.id })).body
    const elsewhere = await new Visitor(second.url).signIn(ALICE.email, ALICE.new_password)
    await elsewhere.press(await elsewhere.get(`/device?user_code=${String(begun['user_code'])}`))
    const asked = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: String(begun['device_code']),
      client_id: device.id,
    }
    const given = await post(first, 'get_token', asked)
    expect(given.body).toMatchObject({ scope: SCOPE })
    expect(await profile(second, String(given.body['access_token']))).toBe(200)
  })

  describe('follows within a second, in the one, what was changed in the other:', () => {
    let people = 0
    beforeAll(async () => {
      const fields = [{ fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 }]
      const crate = { name: 'Crate', module: 'Stock', custom: 1, autoname: 'field:title', fields, permissions: [{ role: 'All', read: 1 }] }
      await admin.insert('DocType', crate)
      for (const title of ['A', 'B']) await admin.insert('Crate', { title })
    })

    interface Connected {
      readonly app: App
      readonly user: string
    }
    const update =
      (values: Record<string, unknown>) =>
      (about: Connected): Promise<unknown> =>
        admin.update('OAuth Client', about.app.id, values)
    const updateUser =
      (values: Record<string, unknown>) =>
      ({ user }: Connected): Promise<unknown> =>
        admin.update('User', user, values)
    const settings = (values: Record<string, unknown>) => (): Promise<unknown> => admin.update('OAuth Settings', 'OAuth Settings', values)
    const BOTH = { status: 200, body: { data: [{ name: 'A' }, { name: 'B' }] } }
    const ONE = { status: 200, body: { data: [{ name: 'A' }] } }

    it('D10 an app may ask for less: what is renewed holds less', async () => {
      const own = await registerApp(admin, CRATES)
      const { refresh } = await connect(alice, own, CRATES.scopes)
      await update({ scopes: 'openid' })({ app: own, user: ALICE.email })
      const renewed = tokensOf(await renew(second.url, own, refresh))
      expect(renewed.scope).toBe('openid')
      expect((await Api.byToken(second.url, renewed.access).list('Crate')).status).toBe(403)
    })

    it.each<[sentence: string, act: (about: Connected) => Promise<unknown>, then: object, undo?: () => Promise<unknown>]>([
      ['an app is retired', update({ state: 'Retired' }), { status: 401 }],
      ['an app is suspended', update({ state: 'Suspended' }), { status: 401 }],
      ['a user is disabled', updateUser({ enabled: 0 }), { status: 401 }],
      ['the row filters of an app change', update({ row_filters: JSON.stringify({ Crate: { title: 'A' } }) }), ONE],
      ['API access of a user is switched off', updateUser({ api_access: 0 }), { status: 401 }],
      ['API access of the site is switched off', settings({ api_access: 'Off' }), { status: 401 }, settings({ api_access: 'On' })],
      ['a user permission is given', ({ user }) => admin.insert('User Permission', { user, allow: 'Crate', for_value: 'A' }), ONE],
    ])('%s', async (_sentence, act, then, undo) => {
      people += 1
      const user = `person${people}@example.com`
      await admin.insert('User', { email: user, first_name: 'Person', new_password: ALICE.new_password })
      const own = await registerApp(admin, CRATES)
      const visitor = await new Visitor(first.url).signIn(user, ALICE.new_password)
      const there = Api.byToken(second.url, (await connect(visitor, own, CRATES.scopes)).access)
      const crates = (): Promise<Reply> => there.list('Crate', { order_by: 'name asc' })
      expect(await crates()).toMatchObject(BOTH)
      await act({ app: own, user })
      try {
        await vi.waitFor(async () => expect(await crates()).toMatchObject(then), { timeout: SOON, interval: 10 })
      } finally {
        await undo?.()
      }
    })
  })
})

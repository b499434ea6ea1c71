import { describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import type { FakeKind } from '../../../testing/fake/kinds.ts'
import { TestApp } from '../../../testing/test-app.ts'

const kinds: readonly FakeKind[] = ['annex', 'frappe-16', 'frappe-15']
const ALL = ['openid', 'Item:read', 'Customer:read']

async function openApp(kind: FakeKind): Promise<{ site: FakeUpstream; app: TestApp }> {
  const site = new FakeUpstream({ kind })
  const app = new TestApp(site)
  await app.signIn()
  return { site, app }
}

const askedScopes = async (app: TestApp, url: string): Promise<string | null> =>
  new URL((await app.visit(url)).headers.get('location')!).searchParams.get('scope')

describe.each(kinds)('at %s', (kind) => {
  test('a link of a stranger asks nobody for less than the app is set to, and a step-up for no less than is held', async () => {
    const { app } = await openApp(kind)
    const link = app.connector.signInUrl({ scopes: ['openid'] })
    expect(await askedScopes(app, link)).toBe(ALL.join(' '))
    const other = new TestApp(app.upstream, { store: app.store, keys: app.keys })
    expect(await askedScopes(other, link)).toBe(ALL.join(' '))
    const connection = await app.connection()
    await other.signIn(link)
    expect(await connection.scopes()).toEqual(ALL)
  })

  test('whose access has ended is asked for everything, whatever the link says', async () => {
    const { site, app } = await openApp(kind)
    const connection = await app.connection()
    const rejected = await connection.token()
    await site.revoke()
    await connection.token({ rejected }).catch(() => undefined)
    expect(await askedScopes(app, app.connector.signInUrl({ scopes: ['Item:read'] }))).toBe(ALL.join(' '))
  })

  test('a right that a person took away with a sign-in is told', async () => {
    const { site, app } = await openApp(kind)
    const told: unknown[] = []
    app.connector.on('scopes-changed', (detail) => void told.push(detail))
    const { id } = await app.connection()
    await app.signIn()
    expect(told).toEqual([])
    site.faults.unticked = ['Customer:read']
    await app.signIn()
    expect(told).toEqual([{ connection: id, before: ALL, after: ['openid', 'Item:read'] }])
  })

  test('a sign-in without a required right fails, its tokens are ended, and the access from before works on', async () => {
    const { site, app } = await openApp(kind)
    const connection = await app.connection()
    const before = await connection.token()
    site.faults.unticked = ['Item:read']
    expect((await app.signIn()).status).toBe(403)
    await expect.poll(() => site.count(OAUTH_PATHS.revoke)).toBe(1)
    const [kept, brought] = site.tokens('refresh')
    expect(site.requests.find(({ path }) => path === OAUTH_PATHS.revoke)?.body).toContain(`token=${brought}`)
    expect(kept).toBeDefined()
    expect(await connection.token()).toBe(before)
    expect(await connection.scopes()).toEqual(ALL)
    await expect(connection.check()).resolves.toBeUndefined()
    app.ahead = 3_600_000
    await expect(connection.token()).resolves.toBeTypeOf('string')
    expect((await app.connector.session(app.request()))?.connection).toBe(connection.id)
  })

  test('J04 a sign-in that one person began and another came back from changes nothing, and says so', async () => {
    const { site, app } = await openApp(kind)
    const [, bob] = site.users
    const connection = await app.connection()
    const stepUp = app.connector.signInUrl({ scopes: ['Customer:read'], returnTo: '/draft' })
    const answer = await app.signIn(stepUp, { user: bob!.name })
    expect(answer.status).toBe(400)
    const page = await answer.text()
    expect(page).toContain(`as ${bob!.fullName}`)
    expect(page).toContain('Nothing was changed')
    expect((await app.connector.session(app.request()))?.connection).toBe(connection.id)
    await expect.poll(() => site.count(OAUTH_PATHS.revoke)).toBe(1)
    await expect(connection.check()).resolves.toBeUndefined()
  })

  test('J04 nor does one whose opener has signed out meanwhile, or in whose place somebody else has signed in', async () => {
    const { site, app } = await openApp(kind)
    const [sam, bob] = site.users
    const begun = await app.atSite(app.connector.signInUrl(), { user: bob!.name })
    await app.visit(app.connector.signOutUrl, { method: 'POST' })
    expect((await app.visit(begun)).status).toBe(400)
    expect(await app.connector.session(app.request())).toBeUndefined()
    const second = await app.atSite(app.connector.signInUrl(), { user: sam!.name })
    await app.signIn(app.connector.signInUrl(), { user: bob!.name })
    expect((await app.visit(second)).status).toBe(400)
    expect((await app.connector.session(app.request()))?.user.name).toBe(bob!.fullName)
  })
})

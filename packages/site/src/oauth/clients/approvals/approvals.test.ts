import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, register, renew, request, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

describe.each(engines)('an app that each user needs approval for, on %s', (engine) => {
  let provider: Provider
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider, { app_name: 'Field & Sales', authorization_policy: 'After Approval' })
  })
  afterAll(() => provider.close())

  const queue = (client = app.id) => provider.oauth.clients.approvals.list(ADMINISTRATOR, { client })

  it('puts a user into the queue once, tells them so, and lets them go on when they are approved', async () => {
    const user = await person(provider)
    const browser = await new Browser(provider).signIn(user)
    for (const _ of [1, 2]) {
      const page = await browser.authorize(request(app))
      expect([page.status, page.location]).toEqual([403, undefined])
      expect(page.text).toMatch(/Field &amp; Sales[\s\S]*once a System Manager has approved it/)
    }
    expect(await queue()).toMatchObject([{ client: app.id, user, state: 'Waiting', decided_by: null }])
    await provider.oauth.clients.approvals.approve(ADMINISTRATOR, app.id, user)
    expect(await queue()).toEqual([])
    const tokens = await connect(provider, browser, app)
    expect((await renew(provider, app, tokens.refresh)).status).toBe(200)
    const [decided] = await provider.oauth.clients.approvals.list(ADMINISTRATOR, { client: app.id, state: 'Approved' })
    expect(decided).toMatchObject({ user, decided_by: 'Administrator', decided_at: expect.any(Number) as number })
  })

  it('tells the app of a refusal, and ends what was granted before', async () => {
    const user = await person(provider)
    const browser = await new Browser(provider).signIn(user)
    await browser.authorize(request(app))
    await provider.oauth.clients.approvals.approve(ADMINISTRATOR, app.id, user)
    const tokens = await connect(provider, browser, app)
    await provider.oauth.clients.approvals.refuse(ADMINISTRATOR, app.id, user)
    expect((await me(provider, tokens.access)).status).toBe(401)
    expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'admin_refused', user })
    const { location } = await browser.authorize(request(app))
    expect(location?.searchParams.get('error')).toBe('access_denied')
    expect(location?.searchParams.get('state')).toBe('xyz')
  })

  it('asks nobody when the app wants no page', async () => {
    const user = await person(provider)
    const { location } = await (await new Browser(provider).signIn(user)).authorize(request(app, { prompt: 'none' }))
    expect(location?.searchParams.get('error')).toBe('access_denied')
    expect((await queue()).map((row) => row.user)).not.toContain(user)
  })

  it('does not know a namesake of one who was approved', async () => {
    const user = await person(provider)
    await (await new Browser(provider).signIn(user)).authorize(request(app))
    await provider.oauth.clients.approvals.approve(ADMINISTRATOR, app.id, user)
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'User', name: user })
    await person(provider, { email: user })
    const page = await (await new Browser(provider).signIn(user)).authorize(request(app))
    expect(page.status).toBe(403)
    expect((await queue()).map((row) => row.user)).toContain(user)
  })

  it('shows nobody a user who is disabled, as long as they are, or gone, whose asking ends with them', async () => {
    const { documents } = provider
    const [disabled, gone] = [await person(provider), await person(provider)]
    for (const user of [disabled, gone]) await (await new Browser(provider).signIn(user)).authorize(request(app))
    const waiting = async () => (await queue()).map(({ user }) => user)
    expect(await waiting()).toEqual(expect.arrayContaining([disabled, gone]))
    const counted = (await waiting()).length
    const enable = (enabled: number) => documents.update(ADMINISTRATOR, { doctype: 'User', name: disabled, values: { enabled } })
    await enable(0)
    await documents.remove(ADMINISTRATOR, { doctype: 'User', name: gone })
    expect(await waiting()).toHaveLength(counted - 2)
    await expect(provider.oauth.clients.approvals.approve(ADMINISTRATOR, app.id, gone)).rejects.toMatchObject({
      excType: 'DoesNotExistError',
    })
    await enable(1)
    expect(await waiting()).toContain(disabled)
    await person(provider, { email: gone })
    expect(await waiting()).not.toContain(gone)
  })

  it('stops a refresh of grants from before the policy was set', async () => {
    const open = await register(provider)
    const tokens = await connect(provider, await new Browser(provider).signIn(await person(provider)), open)
    await provider.oauth.clients.update(ADMINISTRATOR, open.id, { authorization_policy: 'After Approval' })
    expect((await renew(provider, open, tokens.refresh)).json).toMatchObject({ error: 'invalid_grant' })
  })

  it('is decided about by System Managers alone, and about those who asked', async () => {
    const clerk = { user: 'clerk@example.com', roles: new Set(['Desk User']), userPermissions: [], sharedDoctypes: new Set<string>() }
    const { approvals } = provider.oauth.clients
    for (const act of [approvals.list(clerk), approvals.approve(clerk, app.id, 'x'), approvals.refuse(clerk, app.id, 'x')])
      await expect(act).rejects.toMatchObject({ excType: 'PermissionError' })
    await expect(approvals.approve(ADMINISTRATOR, app.id, 'nobody@example.com')).rejects.toMatchObject({ excType: 'DoesNotExistError' })
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { SITE_OFF } from '../../access/api-access.ts'
import { SETTINGS } from '../../settings.ts'
import { expectError } from '../../testing/answers.fixture.ts'
import { AUTHORIZE, ask, Browser, formOf, person, register, request, type App, type Reply } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const TOLD = 'The app may not act for this user'
const describedBy = (reply: Reply): string | null | undefined => reply.location?.searchParams.get('error_description')

describe.each(engines)('an app that is refused for what its user is, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const approval = (): Promise<App> => register(provider, { authorization_policy: 'After Approval' })

  const cases: readonly (readonly [why: string, refused: () => Promise<readonly [App, Reply]>])[] = [
    [
      'API access is off for them',
      async () => {
        const [app, user] = [await register(provider), await person(provider)]
        const browser = await new Browser(provider).signIn(user)
        await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { api_access: 'Off' } })
        return [app, await browser.authorize(request(app))]
      },
    ],
    [
      'they wait for approval, and it asks silently',
      async () => {
        const [app, browser] = [await approval(), await new Browser(provider).signIn(await person(provider))]
        return [app, await browser.authorize(request(app, { prompt: 'none' }))]
      },
    ],
    [
      'a System Manager refused them',
      async () => {
        const [app, user] = [await approval(), await person(provider)]
        const browser = await new Browser(provider).signIn(user)
        await browser.authorize(request(app))
        await provider.oauth.clients.approvals.refuse(ADMINISTRATOR, app.id, user)
        return [app, await browser.authorize(request(app))]
      },
    ],
    [
      'they are Administrator, and it asks silently',
      async () => {
        const [app, browser] = [await register(provider), await new Browser(provider).signIn('Administrator')]
        return [app, await browser.authorize(request(app, { prompt: 'none' }))]
      },
    ],
  ]

  it.each(cases)('because %s hears one sentence; the trail has the reason', async (_why, refused) => {
    const [app, reply] = await refused()
    expectError(reply, 'access_denied')
    expect(describedBy(reply)).toBe(TOLD)
    await provider.audit.flush(true)
    const entries = await provider.trail.latest({ client: app.id }, 5)
    expect(entries).toContainEqual(expect.objectContaining({ event: 'oauth.authorize.refused' }))
  })

  it('is told why where API access is off for the whole site, which says nothing of its user', async () => {
    const [app, browser] = [await register(provider), await new Browser(provider).signIn(await person(provider))]
    const site = (api_access: 'On' | 'Off'): Promise<unknown> =>
      provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { api_access } })
    await site('Off')
    const reply = await browser.authorize(request(app))
    await site('On')
    expectError(reply, 'access_denied')
    expect(describedBy(reply)).toBe(SITE_OFF)
  })

  const sam = async (): Promise<Browser> =>
    new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] }))
  const ann = async (): Promise<Browser> => new Browser(provider).signIn(await person(provider))
  /** Where the page of a refusal goes back to. */
  const backOf = (page: Reply): URL => {
    const href = /<a class="button" href="([^"]*)"/.exec(page.text)?.[1] ?? ''
    return new URL(href.replaceAll('&amp;', '&'))
  }

  it('hears the same of a DocType that is not there, whoever is signed in; the trail has the scope', async () => {
    const app = await register(provider, { scopes: 'openid *:read' })
    const asking = request(app, { scope: 'openid Ghost:read Item:read' })
    const [one, other] = [await (await sam()).authorize(asking), await (await ann()).authorize(asking)]
    expectError(other, 'invalid_scope')
    expect(backOf(one).href).toBe(other.location?.href)
    expect(describedBy(other)).toBe('The app may not ask for Ghost:read')
    await provider.audit.flush(true)
    const entries = await provider.trail.latest({ client: app.id }, 10)
    expect(entries.filter(({ event }) => event === 'oauth.authorize.refused')).toHaveLength(2)
    expect(JSON.stringify(entries)).toContain('Ghost:read')
  })

  it('is not told that a System Manager is, on a page of the site', async () => {
    const app = await register(provider, { scopes: 'openid *:read', app_name: 'Field <b>Sales' })
    const page = await (await sam()).authorize(request(app, { scope: 'openid Ghost:read Lost.Thing:read Item:read' }))
    expect([page.status, page.location]).toEqual([400, undefined])
    expect([...page.text.matchAll(/<li><code>([^<]*)<\/code>/g)].map(([, scope]) => scope)).toEqual(['Ghost:read', 'Lost.Thing:read'])
    expect(page.text).toContain('Field &lt;b&gt;Sales')
  })

  it('is shown with twenty such scopes at most, on a page that knows who looks at it', async () => {
    const [app, boss] = [await register(provider, { scopes: 'openid *:read' }), await sam()]
    const scope = Array.from({ length: 21 }, (_, index) => `Ghost${index}:read`).join(' ')
    const [page, other] = [await boss.authorize(request(app, { scope })), await boss.authorize(request(app, { scope: 'openid' }))]
    expect(page.text.match(/<li><code>/g)).toHaveLength(20)
    const headOf = (reply: Reply): string | undefined => /<header>[\s\S]*<\/header>/.exec(reply.text)?.[0]
    expect(headOf(page)).toContain('name="csrf_token"')
    expect(headOf(page)).toBe(headOf(other))
  })

  it.each<[why: string, scope: string, more: Record<string, string>]>([
    ['it asks silently', 'Ghost:read', { prompt: 'none' }],
    ['every DocType that it names is there', 'Item:write', {}],
    ['the scope names none', 'nonsense', {}],
    ['the app is not registered for it', 'Ghost:write', {}],
  ])('hears at once of a System Manager when %s', async (_why, scope, more) => {
    const app = await register(provider, { scopes: 'openid *:read' })
    const asking = request(app, { scope, ...more })
    const [one, other] = [await (await sam()).authorize(asking), await (await ann()).authorize(asking)]
    expectError(one, 'invalid_scope')
    expect(one.location?.href).toBe(other.location?.href)
  })

  it('hears at once when what asks reads no pages', async () => {
    const app = await register(provider, { scopes: 'openid *:read' })
    const { cookie } = await sam()
    const path = `${AUTHORIZE}?${formOf(request(app, { scope: 'Ghost:read' }))}`
    expectError(await ask(provider, path, { headers: { cookie, accept: 'application/json' } }), 'invalid_scope')
  })
})

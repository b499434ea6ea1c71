import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { expectError } from '../../testing/answers.fixture.ts'
import { Browser, person, register, request, type App, type Reply } from '../../testing/app.fixture.ts'
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

  it('hears the same of a DocType that is not there, whoever is signed in; the trail has the scope', async () => {
    const app = await register(provider, { scopes: 'openid *:read' })
    const [sam, ann] = [
      await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Desk User' }] })),
      await new Browser(provider).signIn(await person(provider)),
    ]
    const [one, other] = [
      await sam.authorize(request(app, { scope: 'Ghost:read' })),
      await ann.authorize(request(app, { scope: 'Ghost:read' })),
    ]
    expectError(one, 'invalid_scope')
    expect(one.location?.search).toBe(other.location?.search)
    await provider.audit.flush(true)
    const entries = await provider.trail.latest({ client: app.id }, 10)
    expect(entries).toContainEqual(expect.objectContaining({ event: 'oauth.authorize.refused' }))
    expect(JSON.stringify(entries)).toContain('Ghost:read')
  })
})

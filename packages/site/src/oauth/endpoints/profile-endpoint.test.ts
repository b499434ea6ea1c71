import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import type { Exchange } from '../../http/exchange.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { invalidToken } from '../bearer/bearer-authenticator.ts'
import { BearerRefusals } from '../bearer/refused/bearer-refusals.ts'
import { Browser, PROFILE, ask, connect, me, person, register, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { usersOf } from '../users.ts'
import { profileEndpoint } from './profile-endpoint.ts'

const HEADER = 'x-annex-incident'

describe.each(engines)('the profile of a token that was good when the call came, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  interface Given {
    readonly user: string
    readonly app: App
    readonly access: string
  }
  async function given(): Promise<Given> {
    const [user, app] = [await person(provider), await register(provider)]
    return { user, app, access: (await connect(provider, await new Browser(provider).signIn(user), app)).access }
  }
  const profile = (access: string): Promise<Reply> => ask(provider, PROFILE, { headers: { authorization: `Bearer ${access}` } })

  async function expectRemembered(incident: string, { user, app }: Given, reason: string): Promise<void> {
    await provider.audit.flush(true)
    const rows = await provider.trail.latest({ event: 'oauth.bearer.refused', client: app.id }, 10)
    expect(rows).toMatchObject([{ user, incident, ip: '127.0.0.1', detail: { reason } }])
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, incident)
    expect(told).toMatchObject({ incident: { user, client: app.id, facts: { reason } }, explanation: { client: { id: app.id } } })
  }

  it('is refused like any call by a token that is not good when its user is gone meanwhile, and that is remembered', async () => {
    const one = await given()
    expect((await profile(one.access)).status).toBe(200)
    // What is kept of the user lets the call in still.
    await sql`delete from account where "user" = ${one.user}`.execute(provider.database.connection)
    expect((await me(provider, one.access)).status).toBe(200)
    const [reply, unknown] = [await profile(one.access), await profile(`at1_${'A'.repeat(43)}`)]
    expect([reply.status, reply.text, reply.headers.get('www-authenticate')]).toEqual([
      401,
      unknown.text,
      unknown.headers.get('www-authenticate'),
    ])
    await expectRemembered(reply.headers.get(HEADER) ?? '', one, 'user')
  })

  it('is refused so when its app is gone meanwhile', async () => {
    const one = await given()
    const call = {
      headers: { authorization: `Bearer ${one.access}` },
      cookies: {},
      args: {},
      method: 'GET',
      path: PROFILE,
      ip: '127.0.0.1',
    }
    const { caller } = (await provider.oauth.authenticator(call))!
    await sql`delete from "tabOAuth Client" where name = ${one.app.id}`.execute(provider.database.connection)
    const refusal = invalidToken(provider.base, 'any')
    const refusals = new BearerRefusals({
      ...provider,
      usage: provider.oauth.usage,
      invalidToken: (incident) => invalidToken(provider.base, incident),
    })
    const parts = { ...provider, users: usersOf(provider), issuer: () => provider.base, resourceMetadata: () => provider.base, refusals }
    const error: unknown = await profileEndpoint({ caller, ip: '127.0.0.1' } as Exchange<Principal>, parts).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ excType: refusal.excType, message: refusal.message, status: 401 })
    const { options } = error as typeof refusal
    await expectRemembered(String(options.headers?.[HEADER]), one, 'app removed')
  })
})

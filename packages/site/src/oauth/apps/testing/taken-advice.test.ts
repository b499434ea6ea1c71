import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, person, register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import type { OAuthTables } from '../../storage/oauth-tables.ts'

const TWO_DAYS = 2 * 86_400

describe.each(engines)('advice on rights that nobody uses, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
    const settings = { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { unused_right_days: 1 } }
    await provider.documents.update(ADMINISTRATOR, settings)
  })
  afterAll(() => provider.close())

  const signIn = async (): Promise<Browser> => new Browser(provider).signIn(await person(provider, { roles: [{ role: 'Desk User' }] }))

  it('takes what was required by a wide right away with it', async () => {
    const scopes = 'openid Item:* User:read'
    const app = await register(provider, { scopes, required_scopes: 'Item:write User:read', optional_scopes: 'Item:delete' })
    await connect(provider, await signIn(), app, { scope: 'openid Item:write User:read' })
    provider.advance(TWO_DAYS)
    const { apps, clients } = provider.oauth
    expect(await apps.advice(ADMINISTRATOR, app.id)).toContainEqual({ kind: 'unused', scope: 'Item:*', instead: [] })
    await apps.takeAway(ADMINISTRATOR, app.id, 'Item:*')
    const taken = { scopes: 'openid\nUser:read', required_scopes: 'User:read', optional_scopes: '' }
    expect(await clients.read(ADMINISTRATOR, app.id)).toMatchObject(taken)
  })

  it('is given however many connections have been made since', async () => {
    const app = await register(provider, { scopes: 'openid Item:read Item:write' })
    await connect(provider, await signIn(), app, { scope: 'openid Item:write' })
    provider.advance(TWO_DAYS)
    await multiplied(provider, app.id, 150)
    expect(await provider.oauth.apps.advice(ADMINISTRATOR, app.id)).toContainEqual({ kind: 'unused', scope: 'Item:write', instead: [] })
  })
})

/** As many connections again as are said, all made today. */
async function multiplied(provider: Provider, client: string, count: number): Promise<void> {
  const db = provider.database.connection.withTables<OAuthTables>()
  const grant = await db.selectFrom('oauth_grant').selectAll().where('client', '=', client).executeTakeFirstOrThrow()
  const today = grant.created + TWO_DAYS * 1_000_000
  const rows = Array.from({ length: count }, (_, index) => ({ ...grant, id: `${grant.id}-${index}`, created: today }))
  await db.insertInto('oauth_grant').values(rows).execute()
}

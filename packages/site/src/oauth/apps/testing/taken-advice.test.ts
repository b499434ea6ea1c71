import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, person, register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import type { OAuthTables } from '../../storage/oauth-tables.ts'

const A_DAY = 86_400
const TWO_DAYS = 2 * A_DAY

describe.each(engines)('advice on rights that nobody uses, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
    await unusedAfter(1)
  })
  afterAll(() => provider.close())

  /** After how many days the site calls a right unused. */
  async function unusedAfter(days: number): Promise<void> {
    const settings = { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { unused_right_days: days } }
    await provider.documents.update(ADMINISTRATOR, settings)
    await provider.generation.observe(await provider.generation.read())
  }
  const advice = (client: string): Promise<unknown> => provider.oauth.apps.advice(ADMINISTRATOR, client)
  /** A call by the newest connection of the app, today. */
  async function used(client: string, what: string, right: string): Promise<void> {
    const [newest] = await provider.oauth.apps.listGrants(ADMINISTRATOR, client)
    const token = { client, grant: newest!.grant.id, hash: `a token of ${client}` }
    provider.oauth.usage.call(token, '127.0.0.1', provider.now())
    provider.oauth.usage.used(token, what, right)
  }
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

  it('takes what was required away with the right itself, though a wider one is left that would allow it', async () => {
    const app = await register(provider, { scopes: 'openid Item:* Item:delete', required_scopes: 'Item:delete' })
    await connect(provider, await signIn(), app, { scope: 'openid Item:delete' })
    provider.advance(TWO_DAYS)
    await used(app.id, 'Item', 'write')
    await provider.oauth.apps.takeAway(ADMINISTRATOR, app.id, 'Item:delete')
    const taken = { scopes: 'openid\nItem:*', required_scopes: '' }
    expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject(taken)
  })

  it('is given however many connections have been made since', async () => {
    const app = await register(provider, { scopes: 'openid Item:read Item:write' })
    await connect(provider, await signIn(), app, { scope: 'openid Item:write' })
    provider.advance(TWO_DAYS)
    await multiplied(provider, app.id, 150)
    expect(await advice(app.id)).toContainEqual({ kind: 'unused', scope: 'Item:write', instead: [] })
  })

  it('stands beside that on a secret in many networks, and on users who may do nothing of what they granted', async () => {
    const [user, app] = [await person(provider), await register(provider, { scopes: 'openid Item:read' })]
    await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'Item:read' })
    expect(await advice(app.id)).toEqual([])
    for (let network = 1; network <= 5; network += 1) provider.oauth.usage.secretUsed(app.id, `192.0.${network}.1`)
    await sql`update oauth_grant set granted = 'Gone:read' where client = ${app.id}`.execute(provider.database.connection)
    expect(await advice(app.id)).toEqual([
      { kind: 'spread secret', networks: 6 },
      { kind: 'powerless user', user },
    ])
  })

  it('is not given on what was used within the days that the settings name', async () => {
    await unusedAfter(5)
    const scopes = 'openid Item:read Item:delete'
    const app = await register(provider, { scopes })
    await connect(provider, await signIn(), app, { scope: scopes })
    provider.advance(4 * A_DAY)
    await used(app.id, 'Item', 'read')
    provider.advance(3 * A_DAY)
    expect(await advice(app.id)).toEqual([{ kind: 'unused', scope: 'Item:delete', instead: [] }])
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

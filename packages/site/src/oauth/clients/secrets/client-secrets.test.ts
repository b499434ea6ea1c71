import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { INTROSPECT, post, register, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { hashOf } from '../../token-text.ts'

const DAY = 86_400_000_000

describe.each(engines)('the secrets of an app on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const statusWith = async ({ id }: App, secret: string): Promise<number> =>
    (await post(provider, INTROSPECT, { token: 'x', client_id: id, client_secret: secret })).status
  const list = (id: string) => provider.oauth.clients.listSecrets(ADMINISTRATOR, id)

  it('begin with what scanners of leaks look for, and are stored as a hash', async () => {
    const app = await register(provider)
    expect(app.secret).toMatch(/^annex_cs_[A-Za-z0-9_-]{43}$/)
    const rows = await sql<{ hash: string }>`select hash from client_secret where client = ${app.id}`.execute(provider.database.connection)
    expect(rows.rows).toEqual([{ hash: hashOf(app.secret) }])
  })

  it('that were made before the prefix go on working', async () => {
    const app = await register(provider)
    const old = 'cs1_0123456789012345678901234567890123456789012'
    await sql`update client_secret set hash = ${hashOf(old)} where client = ${app.id}`.execute(provider.database.connection)
    expect(await statusWith(app, old)).toBe(200)
  })

  it('C11: the old one works inside the overlap and not after it', async () => {
    const app = await register(provider)
    const { secret, oldUntil } = await provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id, 2 * DAY)
    expect([await statusWith(app, app.secret), await statusWith(app, secret)]).toEqual([200, 200])
    expect((await list(app.id)).map(({ expires }) => expires)).toEqual([null, oldUntil])
    provider.advance(2 * 86_400 + 1)
    const refused = await post(provider, INTROSPECT, { token: 'x', client_id: app.id, client_secret: app.secret })
    expect([refused.status, refused.json['error'], await statusWith(app, secret)]).toEqual([401, 'invalid_client', 200])
    expect(await list(app.id)).toHaveLength(1)
  })

  it('are two at most: a third is refused until one has ended, so that a form sent twice ends none', async () => {
    const app = await register(provider)
    const { clients } = provider.oauth
    const second = await clients.rotateSecret(ADMINISTRATOR, app.id, DAY)
    await expect(clients.rotateSecret(ADMINISTRATOR, app.id)).rejects.toMatchObject({
      excType: 'ValidationError',
      message: expect.stringContaining('Two secrets of this app are good already') as string,
    })
    expect([await statusWith(app, app.secret), await statusWith(app, second.secret)]).toEqual([200, 200])
    const [newest] = await list(app.id)
    await clients.endSecret(ADMINISTRATOR, app.id, newest!.id)
    const third = await clients.rotateSecret(ADMINISTRATOR, app.id, 30 * DAY)
    expect(third.oldUntil).toBe(second.oldUntil)
    expect([await statusWith(app, app.secret), await statusWith(app, second.secret), await statusWith(app, third.secret)]).toEqual([
      200, 401, 200,
    ])
  })

  it('are two at most, however many rotate at once', async () => {
    const app = await register(provider)
    await Promise.allSettled(Array.from({ length: 6 }, () => provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id)))
    expect([(await list(app.id)).length, await statusWith(app, app.secret)]).toEqual([2, 200])
  })

  it('end at once without an overlap', async () => {
    const app = await register(provider)
    const rotated = await provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id, 0)
    expect(rotated.oldUntil).toBeUndefined()
    expect([await statusWith(app, app.secret), await statusWith(app, rotated.secret)]).toEqual([401, 200])
  })

  it.each([-1, 30 * DAY + 1, Number.NaN])('overlap for 0 to 30 days, not %d', async (overlap) => {
    const app = await register(provider)
    await expect(provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id, overlap)).rejects.toMatchObject({ excType: 'ValidationError' })
    expect(await statusWith(app, app.secret)).toBe(200)
  })

  it('say when each was used last', async () => {
    const app = await register(provider)
    const { secret } = await provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id)
    expect((await list(app.id)).map((each) => each.last_used)).toEqual([null, null])
    await statusWith(app, app.secret)
    const [newer, older] = await list(app.id)
    expect(newer?.last_used).toBeNull()
    expect(older?.last_used).toBeGreaterThan(0)
    await statusWith(app, secret)
    expect((await list(app.id))[0]?.last_used).toBeGreaterThan(0)
  })

  it('can be ended one by one, but for the last', async () => {
    const app = await register(provider)
    const { secret } = await provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id)
    const [newer, older] = await list(app.id)
    await provider.oauth.clients.endSecret(ADMINISTRATOR, app.id, older!.id)
    expect([await statusWith(app, app.secret), await statusWith(app, secret)]).toEqual([401, 200])
    await expect(provider.oauth.clients.endSecret(ADMINISTRATOR, app.id, older!.id)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    await expect(provider.oauth.clients.endSecret(ADMINISTRATOR, app.id, newer!.id)).rejects.toMatchObject({ excType: 'ValidationError' })
    const other = await register(provider)
    await expect(provider.oauth.clients.endSecret(ADMINISTRATOR, other.id, newer!.id)).rejects.toMatchObject({
      excType: 'DoesNotExistError',
    })
    expect(await statusWith(app, secret)).toBe(200)
  })
})

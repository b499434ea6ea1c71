import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../../tests/support/query-plans.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import type { Deliveries } from '../deliveries.ts'
import { sweepEventSecrets } from '../event-secrets-store.ts'
import type { EventSecrets } from '../event-secrets.ts'

const DAY = 86_400_000_000
const SECONDS = 86_400
const EVENTS = 'https://app.example.com/events'

describe.each(engines)('the secrets of an app’s events, on %s', (engine) => {
  let provider: Provider
  let secrets: EventSecrets
  let deliveries: Deliveries

  beforeAll(async () => {
    provider = await openProvider(engine)
    secrets = provider.telling.eventSecrets
    deliveries = provider.telling.deliveries
  })
  afterAll(() => provider.close())

  const listening = (): Promise<App> => register(provider, { event_uri: EVENTS })
  const update = (app: App, values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id, values })
  const trail = async (app: App): Promise<string[]> => {
    await provider.audit.flush()
    const told = (await provider.trail.latest({ client: app.id }, 50)).filter(({ event }) => /secret_|delivery/.test(event))
    return told.map(({ event, user }) => `${event} ${user}`)
  }

  it.each([
    ['a moment less than none', -1, false],
    ['none', 0, true],
    ['thirty days', 30 * DAY, true],
    ['a moment more than thirty days', 30 * DAY + 1, false],
    ['no number', Number.NaN, false],
  ])('may overlap by %s: %d', async (_what, overlap, isAllowed) => {
    const app = await listening()
    const [before] = await secrets.read(app.id)
    const rotating = secrets.rotate(ADMINISTRATOR, app.id, overlap)
    if (!isAllowed) {
      await expect(rotating).rejects.toMatchObject({
        excType: 'ValidationError',
        message: expect.stringContaining('0 to 30 days') as string,
      })
      expect([await secrets.read(app.id), await trail(app)]).toEqual([[before], []])
      return
    }
    const { secret, oldUntil } = await rotating
    expect(await secrets.read(app.id)).toEqual(overlap === 0 ? [secret] : [secret, before])
    expect(oldUntil).toEqual(overlap === 0 ? undefined : expect.any(Number))
    expect(await trail(app)).toEqual(['oauth.client.event_secret_rotated Administrator'])
  })

  it('go on for a day beside a new one, and are listed without their text', async () => {
    const app = await listening()
    const { secret, oldUntil } = await secrets.rotate(ADMINISTRATOR, app.id)
    expect(Math.abs(Number(oldUntil) - provider.now() - DAY)).toBeLessThan(60_000_000)
    const listed = await secrets.list(ADMINISTRATOR, app.id)
    expect(listed.map(({ expires }) => expires)).toEqual([null, oldUntil])
    expect(Object.keys(listed[0] ?? {}).toSorted()).toEqual(['created', 'expires', 'id'])
    provider.advance(SECONDS + 60)
    expect(await secrets.read(app.id)).toEqual([secret])
    await sweepEventSecrets(provider.database.connection, Number(oldUntil))
    const { rows } = await sql`select 1 from oauth_event_secret where client = ${app.id}`.execute(provider.database.connection)
    expect(rows).toHaveLength(1)
  })

  it('outlive an app that is retired by four days, so that it still hears of its end', async () => {
    const app = await listening()
    const [before] = await secrets.read(app.id)
    await update(app, { state: 'Retired' })
    await expect(secrets.rotate(ADMINISTRATOR, app.id)).rejects.toThrow(
      'This app is retired: it is told nothing more, and needs no new secret',
    )
    provider.advance(4 * SECONDS - 60)
    expect(await secrets.read(app.id)).toEqual([before])
    provider.advance(120)
    expect(await secrets.read(app.id)).toEqual([])
  })

  it('are none without an address, also when that is blank', async () => {
    const app = await listening()
    await update(app, { event_uri: '  ' })
    expect(await secrets.read(app.id)).toEqual([])
    await update(app, { event_uri: null })
    await expect(secrets.rotate(ADMINISTRATOR, app.id)).rejects.toThrow(
      'This app has no event URI; set one, and its first secret comes with it',
    )
    await expect(secrets.rotate(ADMINISTRATOR, 'none')).rejects.toMatchObject({ excType: 'ValidationError' })
  })

  it('can be made anew where none is left', async () => {
    const app = await listening()
    await sql`delete from oauth_event_secret where client = ${app.id}`.execute(provider.database.connection)
    const made = await secrets.rotate(ADMINISTRATOR, app.id)
    expect(Object.keys(made)).toEqual(['secret'])
    expect(await secrets.read(app.id)).toEqual([made.secret])
  })

  it('end one by one, but for the last, and say which is not there', async () => {
    const app = await listening()
    const [only] = await secrets.list(ADMINISTRATOR, app.id)
    await expect(secrets.endOne(ADMINISTRATOR, app.id, 'x'.repeat(200))).rejects.toMatchObject({
      message: `Event Secret ${'x'.repeat(140)} not found`,
    })
    await expect(secrets.endOne(ADMINISTRATOR, app.id, String(only?.id))).rejects.toThrow(
      'This is the only event secret of the app; make a new one, or take its event URI away',
    )
  })

  it('open nowhere else than where they were sealed', async () => {
    const app = await listening()
    await secrets.rotate(ADMINISTRATOR, app.id)
    const [one, other] = await secrets.list(ADMINISTRATOR, app.id)
    await sql`update oauth_event_secret set sealed = (select sealed from oauth_event_secret where id = ${one?.id}) where id = ${other?.id}`.execute(
      provider.database.connection,
    )
    await expect(secrets.read(app.id)).rejects.toThrow(/./)
  })

  it('are found by an index', async () => {
    const [plan = ''] = await plansOf(provider.database, () => secrets.read('none'))
    expect(plan).toMatch(/oauth_event_secret.client.created/)
  })

  it('belong to messages that are sent again or forgotten, which the trail remembers', async () => {
    const [app, other] = [await listening(), await listening()]
    const told = { event: 'grant.revoked', user: 'Administrator', client: app.id } as const
    for (const event of [
      { ...told, grant: 'g-1', reason: 'admin_revoked' },
      { ...told, grant: 'g-2' },
    ])
      await provider.database.transaction((connection) => provider.telling.onGrant(connection, [event]))
    const [newest, oldest, ...more] = await deliveries.list(ADMINISTRATOR, app.id)
    expect(more).toEqual([])
    expect(oldest).toEqual({
      id: expect.any(String) as string,
      kind: 'event',
      state: 'waiting',
      attempts: 0,
      created: expect.any(Number) as number,
      nextAt: expect.any(Number) as number,
      finished: undefined,
      lastError: undefined,
      grant: 'g-1',
      reason: 'admin_revoked',
    })
    expect(newest).toMatchObject({ grant: 'g-2', reason: undefined })
    expect(await deliveries.list(ADMINISTRATOR, app.id, 1)).toEqual([newest])
    for (const act of [deliveries.retry.bind(deliveries), deliveries.forget.bind(deliveries)]) {
      await expect(act(ADMINISTRATOR, other.id, newest!.id)).rejects.toMatchObject({
        excType: 'DoesNotExistError',
        message: `Delivery ${newest!.id} not found`,
      })
      await expect(act(ADMINISTRATOR, app.id, 'x'.repeat(200))).rejects.toMatchObject({ message: `Delivery ${'x'.repeat(140)} not found` })
    }
    expect(await trail(app)).toEqual([])
    await deliveries.retry(ADMINISTRATOR, app.id, newest!.id)
    await deliveries.forget(ADMINISTRATOR, app.id, oldest!.id)
    expect((await deliveries.list(ADMINISTRATOR, app.id)).map(({ id }) => id)).toEqual([newest!.id])
    expect(new Set(await trail(app))).toEqual(new Set(['oauth.delivery.forgotten Administrator', 'oauth.delivery.retried Administrator']))
  })
})

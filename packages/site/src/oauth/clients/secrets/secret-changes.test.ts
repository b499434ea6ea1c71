import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register } from '../../testing/app.fixture.ts'
import { watched } from '../../testing/failing-database.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { listSecrets, noteSecretUse, removeSecret, retireSecrets } from './client-secrets-store.ts'
import { requireOverlap } from './overlap.ts'

const DAY = 86_400_000_000
const MINUTE = 60_000_000

describe('How long the secret before goes on being good', () => {
  const fault = (message: string): object => expect.objectContaining({ excType: 'ValidationError', message }) as object

  it.each<[overlap: number, live: number]>([
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 0],
    [DAY, 1],
    [30 * DAY, 1],
  ])('%d microseconds are taken with %i that are good', (overlap, live) => {
    expect(() => requireOverlap(overlap, Array.from({ length: live }))).not.toThrow()
  })

  it.each<[overlap: number, live: number, message: string]>([
    [-1, 1, 'The old secret can go on being good for 0 to 30 days'],
    [30 * DAY + 1, 1, 'The old secret can go on being good for 0 to 30 days'],
    [Number.NaN, 0, 'The old secret can go on being good for 0 to 30 days'],
    [1, 2, 'Two secrets of this app are good already, the older one until its end: end one of them first, or wait for that'],
    [DAY, 2, 'Two secrets of this app are good already, the older one until its end: end one of them first, or wait for that'],
  ])('%d microseconds are refused with %i that are good', (overlap, live, message) => {
    expect(() => requireOverlap(overlap, Array.from({ length: live }))).toThrow(fault(message))
  })
})

describe.each(engines)('a change of the secrets of an app, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const { rotate, end, list, stored, trail } = {
    rotate: (id: string, overlap?: number) => provider.oauth.clients.rotateSecret(ADMINISTRATOR, id, overlap),
    end: (id: string, secret: string) => provider.oauth.clients.endSecret(ADMINISTRATOR, id, secret),
    list: (id: string) => provider.oauth.clients.listSecrets(ADMINISTRATOR, id),
    stored: (id: string, now = provider.now()) => listSecrets(provider.database.connection, id, now),
    trail: (client: string) => provider.trail.latest({ client }, 1),
  }

  it('stands in the trail, moves the generation, and says until when the one before is good', async () => {
    const { id } = await register(provider)
    let generation = await provider.generation.read()
    const before = provider.now()
    const rotated = await rotate(id)
    expect(rotated.secret).toMatch(/^annex_cs_[A-Za-z0-9_-]{43}$/)
    expect(rotated.oldUntil! - before).toBeGreaterThanOrEqual(DAY)
    expect(rotated.oldUntil! - before).toBeLessThan(DAY + MINUTE)
    expect(await trail(id)).toMatchObject([{ event: 'oauth.client.secret_rotated', user: 'Administrator', detail: { overlap_days: 1 } }])
    expect(await provider.generation.read()).toBeGreaterThan(generation)
    generation = await provider.generation.read()
    const [newer, older] = await list(id)
    expect(Object.keys(newer!).toSorted()).toEqual(['created', 'expires', 'id', 'last_used'])
    expect([newer?.expires, older?.expires]).toEqual([null, rotated.oldUntil])
    await end(id, older!.id)
    expect(await trail(id)).toMatchObject([{ event: 'oauth.client.secret_ended', user: 'Administrator' }])
    expect(await provider.generation.read()).toBeGreaterThan(generation)
    expect((await list(id)).map((secret) => secret.id)).toEqual([newer!.id])
  })

  it('is refused in a sentence, and leaves everything as it was', async () => {
    const [app, open, gone] = [await register(provider), await register(provider, { kind: 'native' }), await register(provider)]
    await provider.oauth.clients.retire(ADMINISTRATOR, gone.id)
    const [only] = await list(app.id)
    for (const [act, excType, message] of [
      [() => rotate('nobody'), 'PermissionError', 'This app keeps no secret: it proves itself with PKCE alone'],
      [() => rotate(open.id), 'PermissionError', 'This app keeps no secret: it proves itself with PKCE alone'],
      [() => rotate(gone.id), 'ValidationError', 'This app is retired for good and gets no new secret'],
      [() => end(app.id, 'x'.repeat(200)), 'DoesNotExistError', `Client Secret ${'x'.repeat(140)} not found`],
      [
        () => end(app.id, only!.id),
        'ValidationError',
        'This is the only secret of the app; make a new one with no overlap, or suspend the app',
      ],
    ] as const)
      await expect(act()).rejects.toMatchObject({ excType, message })
    expect(await list(app.id)).toEqual([only])
    expect(await list(gone.id)).toEqual([])
    expect((await trail(app.id))[0]?.event).toBe('oauth.client.registered')
  })

  it('leaves one that was to end sooner its end, and ends all others', async () => {
    const { id } = await register(provider)
    const { connection } = provider.database
    const first = await rotate(id, 2 * DAY)
    const [second] = await list(id)
    await end(id, second!.id)
    const third = await rotate(id, 30 * DAY)
    expect(third.oldUntil).toBe(first.oldUntil)
    expect((await list(id)).map(({ expires }) => expires)).toEqual([null, first.oldUntil])
    const fresh = await rotate(id, 0)
    expect(fresh).not.toHaveProperty('oldUntil')
    expect(await list(id)).toHaveLength(1)
    await retireSecrets(connection, 'nobody', provider.now(), provider.now())
    expect(await list(id)).toHaveLength(1)
  })

  it('holds until the microsecond at which a secret ends', async () => {
    const { id } = await register(provider)
    const { oldUntil } = await rotate(id, DAY)
    expect([(await stored(id, oldUntil! - 1)).length, (await stored(id, oldUntil)).length]).toEqual([2, 1])
  })

  it('takes one secret of that app alone', async () => {
    const [app, other] = [await register(provider), await register(provider)]
    const [secret] = await stored(app.id)
    const { connection } = provider.database
    expect(await removeSecret(connection, other.id, secret!.id)).toBe(false)
    expect(await removeSecret(connection, app.id, secret!.id)).toBe(true)
    expect(await removeSecret(connection, app.id, secret!.id)).toBe(false)
    expect([(await stored(app.id)).length, (await stored(other.id)).length]).toEqual([0, 1])
  })

  it('is noted when a secret is used, once a minute', async () => {
    const { id } = await register(provider)
    const { connection } = provider.database
    const now = provider.now()
    const used = async (at: number): Promise<number | null | undefined> => {
      const [secret] = await stored(id)
      await noteSecretUse(connection, secret!, at)
      return (await stored(id))[0]?.last_used
    }
    expect(await used(now)).toBe(now)
    expect(await used(now + MINUTE - 1)).toBe(now)
    expect(await used(now + MINUTE)).toBe(now + MINUTE)
  })

  it('is noted by one of the requests that come together, and by the next one when that failed', async () => {
    const { id } = await register(provider)
    let statements = 0
    let fault: Error | undefined
    const { connection } = watched(provider.database, () => {
      statements += 1
      if (fault) throw fault
    })
    const [secret] = await stored(id)
    const now = provider.now()
    const use = async (at: number): Promise<void> => noteSecretUse(connection, secret!, at)
    await Promise.all([use(now), use(now + 1)])
    expect([statements, (await stored(id))[0]?.last_used]).toEqual([1, now])
    fault = new Error('no database')
    await expect(use(now + MINUTE)).rejects.toThrow('no database')
    fault = undefined
    await use(now + MINUTE + 1)
    expect((await stored(id))[0]?.last_used).toBe(now + MINUTE + 1)
  })
})

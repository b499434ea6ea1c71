import { describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import type { CodeRow, DeviceRow, GrantRow, OAuthTables, TokenRow } from '../storage/oauth-tables.ts'
import { insertDevice } from '../device/device-store.ts'
import { useRounds } from '../storage/stores.fixture.ts'
import { consumeCode, countCodeFailure, hasUsedPkce, insertCode, readCode } from './codes-store.ts'
import {
  insertGrant,
  listClientGrants,
  listClientUses,
  listGrants,
  lockGrant,
  noteGrantUses,
  readGrant,
  readServiceGrant,
  revokeGrants,
} from './grants-store.ts'
import { consumeRefreshToken, endToken, insertTokens, readToken, readTokenGrant } from './tokens-store.ts'

const NOW = 1000

describe.each(engines)('what is stored of access, on %s', (engine) => {
  const round = useRounds(engine)
  const { connection, id } = round
  const grant = async (name: string, values: Partial<GrantRow> = {}): Promise<string> => {
    const row = {
      id: id(name),
      client: round.app,
      user: round.ann,
      requested: 'r',
      granted: 'g',
      rejected: '',
      doctype_ids: '{}',
      filters: null,
      sets: null,
      details: null,
      resource: null,
      session: null,
      kind: null,
      auth_time: 1,
      created: 1,
      expires: NOW + 1,
      last_used: 1,
      revoked_at: null,
      reason: null,
    }
    const { epoch, ...stored } = { epoch: undefined, ...row, ...values }
    await insertGrant(connection(), stored)
    if (epoch !== undefined) {
      const db = connection().withTables<OAuthTables>()
      await db.updateTable('oauth_grant').set({ epoch }).where('id', '=', stored.id).execute()
    }
    return stored.id
  }
  const code = async (name: string, values: Partial<CodeRow> = {}): Promise<string> => {
    const row = {
      hash: id(name),
      grant_id: id('grant'),
      client: round.app,
      redirect_uri: 'u',
      redirect_named: 1,
      challenge: null,
      nonce: null,
      issued: 1,
    }
    await insertCode(connection(), { ...row, expires: NOW + 1, used_at: null, failures: 0, ...values })
    return row.hash
  }
  const device = async (name: string, values: Partial<DeviceRow> = {}): Promise<DeviceRow> => {
    const row: DeviceRow = {
      hash: id(name),
      user_code: id(`${name} shown`),
      client: round.app,
      scopes: '',
      resource: null,
      created: 1,
      expires: NOW + 1,
      pace: 5,
      polled_at: null,
      user: null,
      state: 'open',
      grant_id: null,
      ...values,
    }
    expect(await insertDevice(connection(), row)).toBe(true)
    return row
  }
  const token = async (name: string, values: Partial<TokenRow> = {}): Promise<string> => {
    const row: TokenRow = {
      hash: id(name),
      kind: 'refresh',
      grant_id: id('grant'),
      client: round.app,
      scope: 's',
      issued: 1,
      expires: NOW + 1,
      used_at: null,
      successor: null,
      resource: null,
      ...values,
    }
    await insertTokens(connection(), [row])
    return row.hash
  }

  describe('of grants', () => {
    it('lists those of a user that live: not ended, not expired, of this epoch, newest first and then by id', async () => {
      const [old, second, first] = [await grant('old'), await grant('b', { created: 5 }), await grant('a', { created: 5 })]
      await grant('ended', { revoked_at: 1 })
      await grant('expired', { expires: NOW })
      await grant('earlier', { epoch: 0 })
      await grant('bobs', { user: id('bob') })
      const elsewhere = await grant('elsewhere', { client: id('other'), created: 0 })
      expect((await listGrants(connection(), round.ann, NOW)).map((row) => row.id)).toEqual([first, second, old, elsewhere])
      expect((await listGrants(connection(), round.ann, NOW, round.app)).map((row) => row.id)).toEqual([first, second, old])
      expect((await listGrants(connection(), round.ann, NOW, 'nobody')).map((row) => row.id)).toEqual([])
    })

    it('lists those of an app that live, of every user', async () => {
      const living = [await grant('a'), await grant('b', { user: id('bob') })]
      await grant('ended', { revoked_at: 1 })
      await grant('expired', { expires: NOW })
      await grant('earlier', { epoch: 0 })
      await grant('elsewhere', { client: id('other') })
      const lapsed = await grant('lapsed')
      await code('lapsed code', { grant_id: lapsed, expires: NOW })
      expect((await listClientGrants(connection(), round.app, NOW)).map((row) => row.id).toSorted()).toEqual(living.toSorted())
    })

    it('leaves out one whose code ran out unused, and one whose device never came for what it was allowed', async () => {
      const codes: [string, Partial<CodeRow>][] = [
        ['unused', { expires: NOW }],
        ['waiting', { expires: NOW + 1 }],
        ['used', { expires: NOW, used_at: 1 }],
      ]
      for (const [name, values] of codes) await code(name, { grant_id: await grant(name), ...values })
      const devices: [string, Partial<DeviceRow>][] = [
        ['uncollected', { state: 'allowed', expires: NOW }],
        ['uncollected yet', { state: 'allowed', expires: NOW + 1 }],
        ['collected', { state: 'used', expires: NOW }],
      ]
      for (const [name, values] of devices) await device(name, { grant_id: await grant(name), ...values })
      const shown = ['collected', 'uncollected yet', 'used', 'waiting'].map(id)
      expect((await listGrants(connection(), round.ann, NOW)).map((row) => row.id).toSorted()).toEqual(shown)
      expect((await listClientGrants(connection(), round.app, NOW)).map((row) => row.id).toSorted()).toEqual(shown)
    })

    it('finds the newest of an app itself that lives long enough', async () => {
      const read = async (until: number, of: { user?: string; client?: string } = {}): Promise<string | undefined> =>
        (await readServiceGrant(connection(), { user: round.ann, client: round.app, ...of }, until))?.id
      const own = { kind: 'service' as const }
      const [older, b, a] = [
        await grant('older', { ...own, expires: 9 * NOW }),
        await grant('b', { ...own, created: 5 }),
        await grant('a', { ...own, created: 5 }),
      ]
      await grant('consented', { created: 9 })
      await grant('device', { created: 9, kind: 'device' })
      await grant('ended', { ...own, created: 9, revoked_at: 1 })
      await grant('earlier', { ...own, created: 9, epoch: 0 })
      expect([await read(NOW), await read(NOW + 1), await read(9 * NOW)]).toEqual([a, older, undefined])
      expect([await read(NOW, { user: id('bob') }), await read(NOW, { client: id('other') })]).toEqual([undefined, undefined])
      expect(b).not.toBe(a)
    })

    it('locks one that lives, and notes its use with it', async () => {
      const dead = [
        await grant('ended', { revoked_at: 1 }),
        await grant('expired', { expires: NOW }),
        await grant('earlier', { epoch: 0 }),
        'no such grant',
      ]
      for (const one of dead) expect(await lockGrant(connection(), one, NOW)).toBeUndefined()
      const living = await grant('living')
      expect(await lockGrant(connection(), living, NOW)).toMatchObject({ id: living, user: round.ann, last_used: NOW })
      expect(await readGrant(connection(), living)).toMatchObject({ last_used: NOW })
      expect(await readGrant(connection(), id('ended'))).toMatchObject({ last_used: 1, revoked_at: 1 })
      expect(await readGrant(connection(), 'no such grant')).toBeUndefined()
    })

    it('ends each once, with when and why, and says whose it was', async () => {
      const one = await grant('one', { session: 's', kind: 'device' })
      expect(await revokeGrants(connection(), { id: one }, 'reason', NOW)).toEqual([
        { id: one, user: round.ann, client: round.app, session: 's', kind: 'device', created: expect.any(Number) as number },
      ])
      expect(await revokeGrants(connection(), { id: one }, 'again', NOW + 1)).toEqual([])
      expect(await readGrant(connection(), one)).toMatchObject({ revoked_at: NOW, reason: 'reason' })
    })

    it('moves their last use forward and never back, and knows it of each app', async () => {
      const [one, other] = [await grant('one', { last_used: 5 }), await grant('other', { last_used: 7 })]
      await noteGrantUses(connection(), [
        [one, 9],
        [other, 6],
        ['no such grant', 99],
      ])
      expect([(await readGrant(connection(), one))?.last_used, (await readGrant(connection(), other))?.last_used]).toEqual([9, 7])
      await grant('elsewhere', { client: id('other'), last_used: 3 })
      const uses = await listClientUses(connection())
      expect([uses.get(round.app), uses.get(id('other')), uses.get('nobody')]).toEqual([9, 3, undefined])
    })
  })

  describe('of codes', () => {
    it('uses one up once, in time and before five failures', async () => {
      const [good, late, used, failed, tried] = [
        await code('good'),
        await code('late', { expires: NOW }),
        await code('used', { used_at: 1 }),
        await code('failed', { failures: 5 }),
        await code('tried', { failures: 4 }),
      ]
      const consumed = []
      for (const hash of [good, good, late, used, failed, tried, 'none']) consumed.push(await consumeCode(connection(), hash, NOW))
      expect(consumed).toEqual([true, false, false, false, false, true, false])
      expect(await readCode(connection(), good)).toMatchObject({ used_at: NOW })
      expect(await readCode(connection(), 'none')).toBeUndefined()
    })

    it('counts failures of one and no other', async () => {
      const [one, other] = [await code('one', { failures: 2 }), await code('other')]
      await countCodeFailure(connection(), one)
      expect([(await readCode(connection(), one))?.failures, (await readCode(connection(), other))?.failures]).toEqual([3, 0])
    })

    it('tells whether an app has used PKCE', async () => {
      await code('plain')
      expect(await hasUsedPkce(connection(), round.app)).toBe(false)
      await code('elsewhere', { client: id('other'), challenge: 'c' })
      expect(await hasUsedPkce(connection(), round.app)).toBe(false)
      await code('challenged', { challenge: 'c' })
      expect(await hasUsedPkce(connection(), round.app)).toBe(true)
    })
  })

  describe('of tokens', () => {
    it('uses a refresh token up once, in time, of its grant', async () => {
      const use = (hash: string, of = id('grant')): Promise<boolean> =>
        consumeRefreshToken(connection(), { hash, grant: of, successor: 'next', now: NOW })
      const [good, late, access, used, elsewhere] = [
        await token('good'),
        await token('late', { expires: NOW }),
        await token('access', { kind: 'access' }),
        await token('used', { used_at: 1 }),
        await token('elsewhere', { grant_id: id('other') }),
      ]
      const consumed = []
      for (const hash of [good, good, late, access, used, elsewhere]) consumed.push(await use(hash))
      expect(consumed).toEqual([true, false, false, false, false, false])
      expect(await readToken(connection(), good)).toMatchObject({ used_at: NOW, successor: 'next' })
      expect(await readToken(connection(), elsewhere)).toMatchObject({ used_at: null, successor: null })
    })

    it('ends one that lives, and lengthens none', async () => {
      const [one, other, dead] = [await token('one'), await token('other'), await token('dead', { expires: NOW - 5 })]
      for (const hash of [one, dead]) await endToken(connection(), hash, NOW)
      const ends = []
      for (const hash of [one, other, dead]) ends.push((await readToken(connection(), hash))?.expires)
      expect(ends).toEqual([NOW, NOW + 1, NOW - 5])
    })

    it('finds the grant of a client’s own refresh token', async () => {
      const own = await grant('grant')
      const [refresh, access] = [await token('refresh'), await token('access', { kind: 'access' })]
      expect(await readTokenGrant(connection(), refresh, round.app)).toEqual({ id: own, user: round.ann })
      expect(await readTokenGrant(connection(), refresh, id('other'))).toBeUndefined()
      expect(await readTokenGrant(connection(), access, round.app)).toBeUndefined()
      expect(await readTokenGrant(connection(), 'none', round.app)).toBeUndefined()
    })
  })
})

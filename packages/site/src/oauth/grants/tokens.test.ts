import { OAuthError } from '@annex/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { clientOf } from '../testing/client.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { tokenKey } from '../token-text.ts'
import { readToken } from './tokens-store.ts'
import { Tokens, type IssuedTokens, type Narrowed, type RotationOutcome } from './tokens.ts'

const SECOND = 1_000_000
const DAY = 86_400 * SECOND
const NARROWED = { asked: 'openid', held: 'openid', resource: null }
const LIVES = { access: 3600 * SECOND, idle: DAY, absolute: 90 * DAY }

describe.each(engines)('tokens, to the microsecond, on %s', (engine) => {
  let provider: Provider
  let tokens: Tokens
  let time: number

  beforeAll(async () => {
    provider = await openProvider(engine)
    tokens = new Tokens(provider.database, provider.ring, () => time)
  })
  beforeEach(() => (time = provider.now()))
  afterAll(() => provider.close())

  const client = (rotationLeeway: number, lifetimes = LIVES) => clientOf({ rotationLeeway, lifetimes })

  interface Grant {
    readonly id: string
    readonly expires: number
  }
  const insertGrant = async (life: number): Promise<Grant> => {
    const scopes = { requested: ['openid'], granted: ['openid'], rejected: [], doctypeIds: {} }
    const grant = { client: 'app', user: 'ann', ...scopes, authTime: time, life }
    return provider.grants.insertRow(provider.database.connection, grant)
  }

  describe('of an app itself', () => {
    it.each([
      ['are given while the grant outlives them', 1, LIVES.access],
      ['are not given when the grant ends with them', 0, undefined],
      ['are not given when the grant ends before them', -SECOND, undefined],
    ])('%s', async (_, longer, life) => {
      const grant = await insertGrant(DAY)
      time = grant.expires - LIVES.access - longer
      const issued = await tokens.issueAccess({ grant, client: client(0), narrowed: NARROWED })
      expect([issued?.scope, issued?.life]).toEqual([life && 'openid', life])
    })
  })

  describe('shown again', () => {
    /** A first pair and the one that took its place. */
    async function rotated(leeway: number, lifetimes = LIVES): Promise<{ grant: Grant; first: IssuedTokens; outcome: RotationOutcome }> {
      const grant = await insertGrant(2 * DAY)
      const issue = { grant, client: client(leeway), narrowed: NARROWED }
      const first = await provider.database.transaction((connection) => tokens.issue(connection, issue))
      return { grant, first, outcome: await repeat(leeway, grant, first, () => NARROWED, lifetimes) }
    }
    const repeat = (
      leeway: number,
      { id }: Grant,
      { refresh = '' }: IssuedTokens,
      narrow = (): Narrowed => NARROWED,
      lifetimes = LIVES,
    ): Promise<RotationOutcome> => tokens.rotate({ refreshToken: refresh, grant: id, client: client(leeway, lifetimes), narrow })

    it.each([
      ['without a leeway is a reuse, were it in the same moment', 0, 0, 'reused'],
      ['with the last moment of the leeway gets the same pair', 10, 10 * SECOND, 'rotated'],
      ['a moment after the leeway is a reuse', 10, 10 * SECOND + 1, 'reused'],
    ])('%s', async (_, leeway, later, kind) => {
      const { grant, first, outcome } = await rotated(leeway * SECOND)
      time += later
      const again = await repeat(leeway * SECOND, grant, first)
      expect([outcome.kind, again.kind]).toEqual(['rotated', kind])
      if (outcome.kind !== 'rotated' || again.kind !== 'rotated') return
      expect(again.tokens).toEqual({ ...outcome.tokens, life: outcome.tokens.life - later })
    })

    it.each([
      ['access', { ...LIVES, access: 30 * SECOND }],
      ['refresh', { ...LIVES, idle: 30 * SECOND }],
    ])('when the %s token of the pair that took its place has ended is refused, and no reuse', async (_, lifetimes) => {
      const { grant, first } = await rotated(60 * SECOND, lifetimes)
      time += 30 * SECOND - 1
      expect((await repeat(60 * SECOND, grant, first)).kind).toBe('rotated')
      time += 1
      expect(await repeat(60 * SECOND, grant, first)).toEqual({ kind: 'refused' })
    })

    it('after its own end is refused, and no reuse', async () => {
      const { grant, first } = await rotated(60 * SECOND)
      const { expires } = (await readToken(provider.database.connection, tokenKey(first.refresh ?? '')))!
      time = expires
      expect(grant.expires).toBeGreaterThan(time)
      expect(await repeat(60 * SECOND, grant, first)).toEqual({ kind: 'refused' })
    })

    it('while the site itself has a fault is no reuse; for what may not be asked for it is one', async () => {
      const { grant, first } = await rotated(60 * SECOND)
      const failing = (error: Error) => (): never => {
        throw error
      }
      const fault = new Error('the database went away')
      await expect(repeat(60 * SECOND, grant, first, failing(fault))).rejects.toBe(fault)
      expect((await repeat(60 * SECOND, grant, first)).kind).toBe('rotated')
      const refusal = new OAuthError('invalid_scope', 'no')
      expect(await repeat(60 * SECOND, grant, first, failing(refusal))).toEqual({ kind: 'reused', grant: grant.id })
    })
  })
})

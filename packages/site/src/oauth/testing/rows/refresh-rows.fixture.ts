import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, tokensOf, type Reply, type Tokens } from '../app.fixture.ts'
import { answered, errorOf, refusedAs, unknownToken } from './answers-to-attacks.fixture.ts'
import type { AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

const DAY = 86_400
const ENDED = { oauth_grant: ['reason', 'revoked_at'] }
const REUSED = ['oauth.grant.revoked: token_reuse', 'oauth.token.refused: invalid_grant']
const ROTATED = { oauth_token: ['+2', 'successor', 'used_at'] }
const ISSUED = ['oauth.token.issued']
const NARROW = { scopes: 'openid Item:read Item:write' }
const READING = { scope: 'openid Item:read' }

const second = async (stage: Stage, first: Tokens): Promise<Tokens> => tokensOf(await stage.renew(first.refresh))
const isDead = async ({ provider }: Stage, ...tokens: readonly Tokens[]): Promise<void> => {
  for (const { access } of tokens) expect((await me(provider, access)).status).toBe(401)
}

/** A refresh token that was exchanged before comes again: its grant is dead. */
function reused(
  row: string,
  about: string,
  again: (stage: Stage, first: Tokens, next: Tokens) => Promise<() => Promise<Reply>>,
): AttackRow {
  let known: Tokens[] = []
  return {
    row,
    about,
    client: NARROW,
    attack: async (stage) => {
      const first = await stage.tokens(READING)
      const next = await second(stage, first)
      known = [first, next]
      return again(stage, first, next)
    },
    answer: errorOf('invalid_grant'),
    changes: ENDED,
    trail: REUSED,
    holds: (stage) => isDead(stage, ...known),
  }
}

const reuse: readonly AttackRow[] = [
  reused('D01', 'the old token after its successor was used', async (stage, first, next) => {
    await stage.renew(next.refresh)
    return () => stage.renew(first.refresh)
  }),
  reused('D02', 'the old token after the leeway', async (stage, first) => {
    stage.provider.advance(11)
    return () => stage.renew(first.refresh)
  }),
  reused('D05', 'a repeat that asks for another scope', async (stage, first) => () => stage.renew(first.refresh, { scope: 'openid' })),
  reused(
    'D05',
    'a repeat that names a resource',
    async (stage, first) => () => stage.renew(first.refresh, { resource: `${stage.provider.base}/api` }),
  ),
  {
    row: 'D05',
    about: 'a repeat with the same list again is none',
    client: NARROW,
    attack: async (stage) => {
      const { refresh } = await stage.tokens(READING)
      await stage.renew(refresh, READING)
      return () => stage.renew(refresh, { scope: 'Item:read openid' })
    },
    answer: answered(200),
    trail: ISSUED,
  },
  {
    row: 'D03',
    about: '32 at once get one pair',
    attack: async (stage) => {
      const { refresh } = await stage.tokens()
      return () => Promise.all(Array.from({ length: 32 }, () => stage.renew(refresh)))
    },
    answer: answered(200),
    changes: ROTATED,
    trail: ISSUED,
    holds: async (_stage, replies) => expect(new Set(replies.map(({ json }) => json['refresh_token'])).size).toBe(1),
  },
  {
    row: 'D04',
    about: '32 at once without a leeway',
    client: { rotation_leeway: 0 },
    attack: async (stage) => {
      const { refresh } = await stage.tokens()
      return () => Promise.all(Array.from({ length: 32 }, () => stage.renew(refresh)))
    },
    answer: (reply, stage) => (reply.status === 200 ? answered(200) : errorOf('invalid_grant'))(reply, stage),
    changes: { ...ENDED, ...ROTATED },
    trail: ['oauth.grant.revoked: token_reuse', ...ISSUED, 'oauth.token.refused: invalid_grant'],
    holds: async (stage, replies) => {
      const good = replies.filter(({ status }) => status === 200).map(tokensOf)
      expect(good).toHaveLength(1)
      await isDead(stage, ...good)
    },
  },
]

/** A scope is asked for with a refresh token of `openid Item:read`. */
const asking = (row: string, about: string, scope: string) => ({
  row,
  about,
  client: NARROW,
  attack: async (stage: Stage) => {
    const { refresh } = await stage.tokens(READING)
    return () => stage.renew(refresh, { scope })
  },
})

const scopes: readonly AttackRow[] = [
  { ...asking('D07', 'a scope that was not granted', 'openid Item:write'), ...refusedAs('invalid_scope') },
  { ...asking('D07', 'a scope that the app may not have', 'openid all'), ...refusedAs('invalid_scope') },
  {
    row: 'D07',
    about: 'what was first asked for is narrowed',
    client: NARROW,
    attack: async (stage) => {
      const page = await stage.authorize({ scope: NARROW.scopes })
      const code = (await stage.alice.decide(page, 'allow', ['Item:write'])).location?.searchParams.get('code') ?? ''
      const { refresh } = tokensOf(await stage.swap(code))
      return () => stage.renew(refresh, { scope: NARROW.scopes })
    },
    answer: ({ status, json }) => expect([status, json['scope']]).toEqual([200, 'openid Item:read']),
    changes: ROTATED,
    trail: ISSUED,
  },
  {
    row: 'D08',
    about: 'a part, and then all again',
    client: NARROW,
    attack: async (stage) => {
      const { refresh } = await stage.tokens(READING)
      return async () => {
        const part = await stage.renew(refresh, { scope: 'Item:read' })
        return [part, await stage.renew(tokensOf(part).refresh, READING)]
      }
    },
    answer: answered(200),
    changes: { oauth_token: ['+4', 'successor', 'used_at'] },
    trail: ISSUED,
    holds: async (_stage, replies) => expect(replies.map(({ json }) => json['scope'])).toEqual(['Item:read', READING.scope]),
  },
  {
    row: 'D10',
    about: 'an app that may ask for less now gets less',
    client: NARROW,
    attack: async (stage) => {
      const { refresh } = await stage.tokens(READING)
      await stage.provider.oauth.clients.update(ADMINISTRATOR, stage.app.id, { scopes: 'openid' })
      return () => stage.renew(refresh)
    },
    answer: ({ status, json }) => expect([status, json['scope']]).toEqual([200, 'openid']),
    changes: ROTATED,
    trail: ISSUED,
  },
]

/** Bob's password changes, or Bob is disabled. */
const afterwards = (about: string, values: Record<string, unknown>): AttackRow => ({
  row: 'D11',
  about,
  attack: async (stage) => {
    const user = await person(stage.provider)
    const { refresh, access } = await connect(stage.provider, await new Browser(stage.provider).signIn(user), stage.app)
    await stage.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values })
    expect((await me(stage.provider, access)).status).toBe(401)
    return () => stage.renew(refresh)
  },
  ...refusedAs('invalid_grant'),
})

const others: readonly AttackRow[] = [
  {
    row: 'D06',
    about: 'the token of another app, which stays good',
    attack: async (stage) => {
      const [{ refresh }, other] = [await stage.tokens(), await stage.register()]
      return () => stage.renew(refresh, {}, other)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'D09',
    about: 'after the idle limit',
    attack: async (stage) => {
      const { refresh } = await stage.tokens()
      stage.provider.advance(30 * DAY + 1)
      return () => stage.renew(refresh)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'D09',
    about: 'after the absolute limit although it was used',
    client: { absolute_lifetime: 2 },
    attack: async (stage) => {
      let tokens = await stage.tokens()
      stage.provider.advance(DAY)
      tokens = await second(stage, tokens)
      stage.provider.advance(DAY + 1)
      return () => stage.renew(tokens.refresh)
    },
    ...refusedAs('invalid_grant'),
  },
  afterwards('the password was changed', { new_password: 'Another-good-one' }),
  afterwards('the user was disabled', { enabled: 0 }),
  {
    row: 'D12',
    about: 'an access token given as a refresh token',
    attack: async (stage) => {
      const { access } = await stage.tokens()
      return () => stage.renew(access)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'D12',
    about: 'a refresh token given as an access token',
    attack: async (stage) => {
      const { refresh } = await stage.tokens()
      return () => me(stage.provider, refresh)
    },
    answer: unknownToken,
    trail: ['oauth.bearer.refused: unknown'],
  },
  {
    row: 'D15',
    about: 'no secret of an app that has one',
    attack: async (stage) => {
      const { refresh } = await stage.tokens()
      return () => stage.renew(refresh, { client_secret: '' })
    },
    ...refusedAs('invalid_client'),
  },
]

export const refreshRows = [...reuse, ...scopes, ...others]

import { sql } from 'kysely'
import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, INTROSPECT, REVOKE, ask, connect, me, person, post, renew, type App, type Reply, type Tokens } from '../app.fixture.ts'
import { answered, errorOf, unknownToken } from './answers-to-attacks.fixture.ts'
import type { AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

const ENDED = { oauth_grant: ['reason', 'revoked_at'] }
const revokedBy = (whom: string): string[] => ['oauth.grant.revoked: token_revoked', `oauth.token.revoked: ${whom}`]
const as = ({ id, secret }: App): Record<string, string> => ({ client_id: id, client_secret: secret })
const revoke = ({ provider }: Stage, token: string, values: Record<string, string> = {}): Promise<Reply> =>
  post(provider, REVOKE, { token, ...values })
const introspect = ({ provider }: Stage, token: string, values: Record<string, string>): Promise<Reply> =>
  post(provider, INTROSPECT, { token, ...values })
const inactive = answered(200, { active: false })

/** Tokens are given first. */
const withTokens = (act: (stage: Stage, tokens: Tokens) => Promise<Reply | readonly Reply[]>) => async (stage: Stage) => {
  const tokens = await stage.tokens()
  return () => act(stage, tokens)
}

const revocation: readonly AttackRow[] = [
  {
    row: 'E01',
    about: 'the token of another app',
    attack: async (stage) => {
      const [{ access }, other] = [await stage.tokens(), await stage.register()]
      return () => revoke(stage, access, as(other))
    },
    answer: answered(200, {}),
  },
  ...[{ token: 'rubbish' }, { token: 'x'.repeat(5000) }, { token: 'rubbish', token_type_hint: 'nonsense' }].map((values): AttackRow => ({
    row: 'E02',
    about: `an unknown token, ${JSON.stringify(values).slice(0, 40)}`,
    attack: async (stage) => () => revoke(stage, '', values),
    answer: answered(200, {}),
  })),
  ...(['access', 'refresh'] as const).map((kind): AttackRow => ({
    row: 'E03',
    about: `the ${kind} token ends the grant`,
    attack: withTokens((stage, tokens) => revoke(stage, tokens[kind], { ...as(stage.app), token_type_hint: 'nonsense' })),
    answer: answered(200, {}),
    changes: ENDED,
    trail: revokedBy('client'),
  })),
  {
    row: 'E04',
    about: 'storage that fails is not told as an end',
    attack: async (stage) => {
      const { access } = await stage.tokens()
      const { connection } = stage.provider.database
      return async () => {
        await sql`alter table oauth_grant rename to oauth_grant_away`.execute(connection)
        const reply = await revoke(stage, access)
        await sql`alter table oauth_grant_away rename to oauth_grant`.execute(connection)
        return reply
      }
    },
    answer: errorOf('temporarily_unavailable', 503),
  },
  {
    row: 'E05',
    about: 'whoever holds a token may end it',
    attack: withTokens((stage, { access }) => revoke(stage, access)),
    answer: answered(200, {}),
    changes: ENDED,
    trail: revokedBy('holder'),
  },
  {
    row: 'E05',
    about: 'wrong credentials beside a token',
    attack: withTokens((stage, { access }) => revoke(stage, access, { client_id: stage.app.id, client_secret: 'wrong' })),
    answer: errorOf('invalid_client'),
  },
]

/** What has ended in one way or another. */
const ended = (
  about: string,
  end: (about: Pick<Stage, 'provider' | 'app' | 'user'>, tokens: Tokens) => Promise<string | void>,
): AttackRow => ({
  row: 'E08',
  about: `a token ${about}`,
  attack: async (stage) => {
    const user = await person(stage.provider)
    const tokens = await connect(stage.provider, await new Browser(stage.provider).signIn(user), stage.app)
    const token = (await end({ provider: stage.provider, app: stage.app, user }, tokens)) ?? tokens.access
    return () => introspect(stage, token, as(stage.app))
  },
  answer: inactive,
})

const introspection: readonly AttackRow[] = [
  {
    row: 'E06',
    about: 'without or with wrong credentials, or of an app without a secret',
    attack: async (stage) => {
      const [{ access }, open] = [await stage.tokens(), await stage.register({ kind: 'public' })]
      const { id } = stage.app
      return async () => [
        await introspect(stage, access, {}),
        await introspect(stage, access, { client_id: id }),
        await introspect(stage, access, { client_id: id, client_secret: 'wrong' }),
        await introspect(stage, access, { client_id: open.id }),
      ]
    },
    answer: errorOf('invalid_client'),
  },
  {
    row: 'E07',
    about: 'the token of another app',
    attack: async (stage) => {
      const [{ access }, other] = [await stage.tokens(), await stage.register()]
      return () => introspect(stage, access, as(other))
    },
    answer: inactive,
  },
  ended('that has expired', async ({ provider }) => provider.advance(3601)),
  ended('that was revoked', async ({ provider }, { access }) => void (await post(provider, REVOKE, { token: access }))),
  ended('that was used', async ({ provider, app }, { refresh }) => {
    await renew(provider, app, refresh)
    return refresh
  }),
  ended('of a user who was disabled', async ({ provider, user }) => {
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })
  }),
  {
    row: 'E09',
    about: 'the 51st unknown token in a minute',
    attack: async (stage) => {
      await Promise.all(Array.from({ length: 50 }, () => introspect(stage, 'rubbish', as(stage.app))))
      return () => introspect(stage, 'rubbish', as(stage.app))
    },
    answer: ({ status, headers }) => {
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    },
  },
]

const shown = ({ provider }: Stage, authorization: string, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(provider, '/api/me', { headers: { authorization, ...headers } })
const isAlice = ({ status, json }: Reply, { user }: Stage): void => expect([status, json['user']]).toEqual([200, user])

const use: readonly AttackRow[] = [
  {
    row: 'E10',
    about: 'a token in the query, and in header and body',
    attack: withTokens(async ({ provider }, { access }) => [
      await ask(provider, `/api/me?access_token=${access}`),
      await post(provider, '/api/me', { access_token: access }, { authorization: `Bearer ${access}` }),
    ]),
    answer: errorOf('invalid_request'),
  },
  {
    row: 'E12',
    about: 'the scheme in small letters',
    attack: withTokens((stage, { access }) => shown(stage, `bearer ${access}`)),
    answer: isAlice,
  },
  {
    row: 'E12',
    about: 'two spaces, a comma, two tokens',
    attack: withTokens((stage, { access }) =>
      Promise.all(
        [`Bearer  ${access}`, `Bearer ${access},`, `Bearer ${access}, Bearer ${access}`, 'Bearer'].map((header) => shown(stage, header)),
      ),
    ),
    answer: unknownToken,
    trail: ['oauth.bearer.refused: unknown'],
  },
  {
    row: 'E13',
    about: 'the token of Alice beside the cookie of Bob',
    attack: async (stage) => {
      const { access } = await stage.tokens()
      const bob = await new Browser(stage.provider).signIn(await person(stage.provider))
      return () => me(stage.provider, access, { cookie: bob.cookie })
    },
    answer: isAlice,
  },
  {
    row: 'E13',
    about: 'a form of a page with a token and a cookie, and no form token',
    attack: withTokens(({ provider, app, alice }, { access }) =>
      post(provider, '/my-apps/revoke', { client_id: app.id }, { authorization: `Bearer ${access}`, cookie: alice.cookie }),
    ),
    answer: ({ status }) => expect(status).toBe(400),
  },
  {
    row: 'E14',
    about: 'an id_token, a refresh token, a secret, a code and a guess as bearer',
    attack: async (stage) => {
      const tokens = await stage.tokens()
      const code = await stage.code()
      return () =>
        Promise.all([tokens.idToken, tokens.refresh, stage.app.secret, code, `at1_${'A'.repeat(43)}`].map((one) => me(stage.provider, one)))
    },
    answer: unknownToken,
    trail: ['oauth.bearer.refused: unknown'],
  },
  {
    row: 'E16',
    about: 'rubbish is not echoed, and nothing of the inside is told',
    attack: async (stage) => async () => [
      await stage.renew('sekret-rubbish'),
      await stage.swap('sekret-rubbish'),
      await stage.renew('x', { client_secret: 'sekret-rubbish' }),
    ],
    answer: (reply, stage) => {
      errorOf(String(reply.json['error']))(reply, stage)
      expect(reply.text).not.toContain('sekret')
    },
    trail: ['oauth.token.refused: invalid_client', 'oauth.token.refused: invalid_grant'],
  },
]

export const tokenUseRows = [...revocation, ...introspection, ...use]

import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, me, person, pkce, request, tokensOf, type Reply } from '../app.fixture.ts'
import { answered, errorOf, refusedAs } from './answers-to-attacks.fixture.ts'
import type { AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

type Values = Readonly<Record<string, string>>

const { verifier, challenge } = pkce()
const CHALLENGED = { code_challenge: challenge, code_challenge_method: 'S256' }
const TWO = { redirect_uris: 'https://app.example.com/cb https://app.example.com/other' }
const ISSUED = ['oauth.token.issued']
const REFUSED = (reason: string): string[] => [`oauth.token.refused: ${reason}`]
/** One try of five of the code. */
const TRIED = { oauth_code: ['failures'] }
const SWAPPED = { oauth_code: ['used_at'], oauth_token: ['+2'] }

/** Swaps a code that was asked for with some values, with others. */
const swaps = (asked: Values, values: Values) => async (stage: Stage) => {
  const code = await stage.code(asked)
  return (): Promise<Reply> => stage.swap(code, values)
}

/** The code is good for whom it was given to. */
function swapsOnce(row: string, about: string, asked: Values, wrong: Values, right: Values): AttackRow {
  let code = ''
  return {
    row,
    about,
    attack: async (stage) => {
      code = await stage.code(asked)
      return () => stage.swap(code, wrong)
    },
    ...refusedAs('invalid_grant'),
    changes: TRIED,
    holds: async (stage) => answered(200)(await stage.swap(code, right), stage),
  }
}

const pkceRows: readonly AttackRow[] = [
  swapsOnce('B04', 'no verifier; the code survives', CHALLENGED, {}, { code_verifier: verifier }),
  swapsOnce('B06', 'the verifier of another', CHALLENGED, { code_verifier: pkce().verifier }, { code_verifier: verifier }),
  swapsOnce('B06', 'the challenge as the verifier', CHALLENGED, { code_verifier: challenge }, { code_verifier: verifier }),
  swapsOnce('B05', 'a verifier for a code without a challenge', {}, { code_verifier: verifier }, {}),
  {
    row: 'B04',
    about: 'five wrong verifiers burn the code',
    attack: async (stage) => {
      const code = await stage.code(CHALLENGED)
      for (let tries = 0; tries < 5; tries += 1) await stage.swap(code, { code_verifier: pkce().verifier })
      return () => stage.swap(code, { code_verifier: verifier })
    },
    ...refusedAs('invalid_grant'),
  },
  ...['420', verifier.slice(1), `${verifier}!`].map((wrong) => ({
    row: 'B07',
    about: `the verifier ${wrong.slice(0, 5)} by its form`,
    attack: swaps(CHALLENGED, { code_verifier: wrong }),
    ...refusedAs('invalid_request'),
    changes: TRIED,
  })),
  {
    row: 'B08',
    about: 'a challenge that is left out by an app that sent one before is noted',
    attack: async (stage) => {
      await stage.swap(await stage.code(CHALLENGED), { code_verifier: verifier })
      return () => stage.authorize({ prompt: 'none' })
    },
    answer: ({ location }) => expect(location?.searchParams.get('code')).toBeTruthy(),
    changes: { oauth_code: ['+1'], oauth_grant: ['+1'] },
    trail: ['oauth.grant.created', 'oauth.pkce.missing'],
  },
]

const dead = async ({ provider }: Stage, access: string): Promise<void> => expect((await me(provider, access)).status).toBe(401)

const codeRows: readonly AttackRow[] = [
  {
    row: 'C01',
    about: 'a code that is used twice ends what it gave',
    attack: async (stage) => {
      const code = await stage.code()
      await stage.swap(code)
      return () => stage.swap(code)
    },
    ...refusedAs('invalid_grant'),
    changes: { oauth_grant: ['reason', 'revoked_at'] },
    trail: ['oauth.grant.revoked: code_replay', ...REFUSED('invalid_grant')],
  },
  {
    row: 'C02',
    about: 'sixteen exchanges at once',
    attack: async (stage) => {
      const code = await stage.code()
      return () => Promise.all(Array.from({ length: 16 }, () => stage.swap(code)))
    },
    answer: (reply, stage) => (reply.status === 200 ? answered(200) : errorOf('invalid_grant'))(reply, stage),
    changes: { oauth_code: ['used_at'], oauth_grant: ['reason', 'revoked_at'], oauth_token: ['+2'] },
    trail: ['oauth.grant.revoked: code_replay', ...ISSUED, ...REFUSED('invalid_grant')],
    holds: async (stage, replies) => {
      const good = replies.filter(({ status }) => status === 200)
      expect(good).toHaveLength(1)
      await dead(stage, tokensOf(good[0]!).access)
    },
  },
  {
    row: 'C03',
    about: 'a code after 61 seconds',
    attack: async (stage) => {
      const code = await stage.code()
      stage.provider.advance(61)
      return () => stage.swap(code)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'C04',
    about: 'the code of another app, which stays good',
    attack: async (stage) => {
      const [code, other] = [await stage.code(), await stage.register()]
      return async () => [await stage.swap(code, {}, other)]
    },
    ...refusedAs('invalid_grant'),
  },
  swapsOnce('C05', 'no redirect_uri although the request named one', {}, { redirect_uri: '' }, {}),
  {
    ...swapsOnce('C05', 'another registered redirect_uri', {}, { redirect_uri: 'https://app.example.com/other' }, {}),
    client: TWO,
  },
  {
    row: 'C24',
    about: 'the user was disabled between code and exchange',
    attack: async (stage) => {
      const user = await person(stage.provider)
      const code = await (await new Browser(stage.provider).signIn(user)).code(request(stage.app))
      await stage.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })
      return () => stage.swap(code)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'C24',
    about: 'the user lost the role between code and exchange',
    client: { allowed_roles: [{ role: 'System Manager' }] },
    attack: async (stage) => {
      const user = await person(stage.provider, { roles: [{ role: 'System Manager' }] })
      const code = await (await new Browser(stage.provider).signIn(user)).code(request(stage.app))
      const roles = [{ role: 'Desk User' }]
      await stage.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { roles } })
      return () => stage.swap(code)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'C25',
    about: 'the app was retired between code and exchange',
    attack: async (stage) => {
      const code = await stage.code()
      await stage.provider.oauth.clients.retire(ADMINISTRATOR, stage.app.id)
      return () => stage.swap(code)
    },
    ...refusedAs('invalid_client'),
  },
  ...(
    [
      [0, 'inside the overlap', answered(200), SWAPPED, ISSUED],
      [61, 'after it', errorOf('invalid_client'), {}, REFUSED('invalid_client')],
    ] as const
  ).map(([seconds, when, answer, changes, trail]): AttackRow => ({
    row: 'C11',
    about: `the old secret ${when}`,
    attack: async (stage) => {
      await stage.provider.oauth.clients.rotateSecret(ADMINISTRATOR, stage.app.id, 60_000_000)
      stage.provider.advance(seconds)
      const code = await stage.code()
      return () => stage.swap(code)
    },
    answer,
    changes,
    trail,
  })),
]

export const codeAndProofRows = [...pkceRows, ...codeRows]

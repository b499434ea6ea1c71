import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../../policy/principal.ts'
import { Browser, INTROSPECT, PROFILE, ask, connect, me, person, post, request, tokensOf, type Reply } from '../../app.fixture.ts'
import { answered, refusedAs, unknownToken } from '../answers-to-attacks.fixture.ts'
import type { AttackRow } from '../attack-row.fixture.ts'
import type { Stage } from '../stage.fixture.ts'
import { JWKS, published, remote } from './known-keys.fixture.ts'

const MINUTE = 60
const HOUR = 3600
const ISSUED = ['oauth.token.issued']
const SWAPPED = { oauth_code: ['used_at'], oauth_token: ['+2'] }

const contents: readonly AttackRow[] = [
  {
    row: 'G02',
    about: 'two apps at once each get their own: for whom, by whom, when and for which request',
    attack: async (stage) => {
      const other = await stage.register()
      const code = await stage.code({ nonce: 'first' })
      const others = await stage.alice.code(request(other, { nonce: 'second', prompt: 'consent' }))
      return () => Promise.all([stage.swap(code), stage.swap(others, {}, other)])
    },
    answer: answered(200),
    changes: { oauth_code: ['used_at'], oauth_token: ['+4'] },
    trail: ISSUED,
    holds: async ({ provider, app, user }, replies) => {
      const audiences: unknown[] = []
      for (const [index, nonce] of ['first', 'second'].entries()) {
        const { idToken, access } = tokensOf(replies[index]!)
        const { payload } = await jwtVerify(idToken, remote(provider), {
          issuer: provider.base,
          algorithms: ['ES256'],
          currentDate: new Date(provider.now() / 1000),
        })
        const at_hash = createHash('sha256').update(access).digest().subarray(0, 16).toString('base64url')
        const iat = Math.floor(provider.now() / 1_000_000)
        expect(payload).toMatchObject({ nonce, at_hash, azp: payload.aud, email: user, exp: Number(payload.iat) + HOUR })
        expect([iat - Number(payload.iat), iat - Number(payload['auth_time'])].every((past) => past >= 0 && past < MINUTE)).toBe(true)
        expect(typeof payload.aud).toBe('string')
        audiences.push(payload.aud)
      }
      expect(audiences[0]).toBe(app.id)
      expect(new Set(audiences).size).toBe(2)
    },
  },
  {
    row: 'G02',
    about: 'without openid there is none, nor with a refresh',
    attack: async (stage) => {
      const code = await stage.code({ scope: 'all' })
      const { refresh } = await stage.tokens()
      return () => Promise.all([stage.swap(code), stage.renew(refresh)])
    },
    answer: (reply) => expect([reply.status, 'id_token' in reply.json]).toEqual([200, false]),
    changes: { oauth_code: ['used_at'], oauth_token: ['+4', 'successor', 'used_at'] },
    trail: ISSUED,
  },
  {
    row: 'G03',
    about: 'the published keys are public, name their use and their algorithm, and may be kept for a while',
    attack:
      async ({ provider }) =>
      () =>
        ask(provider, JWKS),
    answer: ({ status, json, headers }, { provider }) => {
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=300'])
      const keys = json['keys'] as Readonly<Record<string, unknown>>[]
      expect(keys.map(({ kid }) => String(kid)).toSorted()).toEqual(
        provider.oauth.keys
          .list()
          .map(({ kid }) => kid)
          .toSorted(),
      )
      for (const key of keys) {
        expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
        expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' })
      }
    },
  },
]

/** The next key takes over. */
const rotation: readonly AttackRow[] = [
  {
    row: 'G04',
    about: 'a key that verifiers may not have seen signs nothing, unless it must',
    attack:
      async ({ provider }) =>
      async () => {
        await expect(provider.oauth.keys.rotate()).rejects.toThrow(
          /^The next key has not been published for long enough: .* 20\d\d-.*leaked$/,
        )
        return ask(provider, JWKS)
      },
    answer: ({ status, json }) => expect([status, (json['keys'] as unknown[]).length]).toEqual([200, 2]),
  },
  takesOver('one that was published before', async (stage) => {
    stage.provider.advance(11 * MINUTE)
    await stage.alice.signIn(stage.user)
    return {}
  }),
  takesOver('one that must, because the other has leaked', async () => ({ early: true })),
]

/** A rotation, seen by an app that has kept the keys of before. */
function takesOver(about: string, prepare: (stage: Stage) => Promise<{ readonly early?: boolean }>): AttackRow {
  let cached: JSONWebKeySet = { keys: [] }
  let [before, next]: [string, string] = ['', '']
  return {
    row: 'G04',
    about: `${about} is known to an app that kept the keys, and the old one stays until its last id_token is out`,
    attack: async (stage) => {
      const { provider } = stage
      const wish = await prepare(stage)
      cached = await published(provider)
      before = (await stage.tokens()).idToken
      next = provider.oauth.keys.list().find(({ state }) => state === 'next')?.kid ?? ''
      const code = await stage.code()
      return async () => {
        expect((await provider.oauth.keys.rotate({ ...wish, user: ADMINISTRATOR.user })).tookOver).toBe(true)
        return stage.swap(code)
      }
    },
    answer: answered(200),
    changes: { ...SWAPPED, generation: ['value'], signing_key: ['+1', 'changed', 'state'] },
    trail: ['oauth.keys.rotated', ...ISSUED],
    holds: async (stage, [reply]) => {
      const { provider } = stage
      const { idToken } = tokensOf(reply!)
      const [options, old] = [{ issuer: provider.base, currentDate: new Date(provider.now() / 1000) }, decodeProtectedHeader(before).kid]
      expect(decodeProtectedHeader(idToken).kid).toBe(next)
      for (const keys of [createLocalJWKSet(cached), remote(provider)])
        for (const token of [before, idToken]) await jwtVerify(token, keys, options)
      expect((await stage.authorize({ id_token_hint: before, prompt: 'none' })).location?.searchParams.get('error')).not.toBe(
        'invalid_request',
      )
      provider.advance(2 * HOUR + MINUTE)
      expect((await published(provider)).keys.map(({ kid }) => kid)).not.toContain(old)
      expect((await published(provider)).keys).toHaveLength(2)
    },
  }
}

const subIn = (reply: Reply): unknown => decodeJwt(tokensOf(reply).idToken).sub

/** Bob, who is taken away and made again under his name, and what he left behind. */
async function madeAgain(
  stage: Stage,
): Promise<{ readonly bob: string; readonly sub: unknown; readonly access: string; readonly refresh: string; readonly cookie: string }> {
  const { provider, app } = stage
  const bob = await person(provider)
  const browser = await new Browser(provider).signIn(bob)
  const { idToken, access, refresh } = await connect(provider, browser, app)
  await provider.documents.remove(ADMINISTRATOR, { doctype: 'User', name: bob })
  await person(provider, { email: bob })
  return { bob, sub: decodeJwt(idToken).sub, access, refresh, cookie: browser.cookie }
}

const subjects: readonly AttackRow[] = [
  {
    row: 'G05',
    about: 'one who is made anew under an old name is another',
    attack: async (stage) => {
      const { bob, sub } = await madeAgain(stage)
      const code = await (await new Browser(stage.provider).signIn(bob)).code(request(stage.app, { state: String(sub) }))
      return async () => {
        const reply = await stage.swap(code)
        expect(subIn(reply)).not.toBe(sub)
        return reply
      }
    },
    answer: answered(200),
    changes: SWAPPED,
    trail: ISSUED,
  },
  {
    row: 'G05',
    about: 'who takes a name over does not take over the access of whoever had it',
    attack: async (stage) => {
      const { refresh } = await madeAgain(stage)
      return () => stage.renew(refresh)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'G05',
    about: 'nor a token of theirs, nor their session',
    attack: async (stage) => {
      const { access, cookie } = await madeAgain(stage)
      expect((await ask(stage.provider, '/api/me', { headers: { cookie } })).json['user']).toBe('Guest')
      return () => me(stage.provider, access)
    },
    answer: unknownToken,
    trail: ['oauth.bearer.refused: grant ended'],
  },
  {
    row: 'G05',
    about: 'one is the same for each app, in each answer, and is called by no name',
    attack: async (stage) => {
      const { provider, alice } = stage
      const app = await stage.register()
      const known = decodeJwt((await connect(provider, alice, await stage.register())).idToken).sub
      const code = await alice.code(request(app))
      return async () => {
        const reply = await stage.swap(code, {}, app)
        const { access } = tokensOf(reply)
        const profile = await ask(provider, PROFILE, { headers: { authorization: `Bearer ${access}` } })
        const { json } = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
        expect([subIn(reply), profile.json['sub'], json['sub']]).toEqual([known, known, known])
        expect(String(known)).not.toMatch(/@|person/)
        return reply
      }
    },
    answer: answered(200),
    changes: SWAPPED,
    trail: ISSUED,
  },
]

export const keyRows = [...contents, ...subjects, ...rotation]

import { createHash, createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { decodeJwt, jwtVerify, type JWTPayload } from 'jose'
import { expect } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import type { SigningKey } from '../../../keys/key-ring.ts'
import { me, tokensOf } from '../../app.fixture.ts'
import { answered, asksPerson, toldToApp, unknownToken } from '../answers-to-attacks.fixture.ts'
import type { AttackRow } from '../attack-row.fixture.ts'
import type { Stage } from '../stage.fixture.ts'
import { currentKey, remote } from './known-keys.fixture.ts'

const ISSUED = ['oauth.token.issued']
const SWAPPED = { oauth_code: ['used_at'], oauth_token: ['+2'] }
const VERIFIER = 'v'.repeat(64)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

type Part = Readonly<Record<string, unknown>>
const encode = (part: Part): string => Buffer.from(JSON.stringify(part)).toString('base64url')
/** A token that says so, signed by whatever was found. */
const forge = (header: Part, claims: Part, seal: (text: string) => string): string => {
  const text = `${encode({ typ: 'JWT', ...header })}.${encode(claims)}`
  return `${text}.${seal(text)}`
}
const mac =
  (secret: string | Buffer) =>
  (text: string): string =>
    createHmac('sha256', secret).update(text).digest('base64url')
const signed =
  (key: KeyObject) =>
  (text: string): string =>
    sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })

interface Known {
  readonly idToken: string
  readonly access: string
  readonly key: SigningKey
  readonly claims: JWTPayload
  readonly stage: Stage
}

/** Tokens that are none of ours, made of what everybody knows and of a good id_token of the same person. */
const FORGED: readonly (readonly [about: string, make: (known: Known) => string])[] = [
  ...['none', 'None', 'NONE', ''].map((alg): (typeof FORGED)[number] => [
    `alg ${JSON.stringify(alg)}`,
    ({ key, claims }) => forge({ alg, kid: key.kid }, claims, () => ''),
  ]),
  ['no alg', ({ key, claims }) => forge({ kid: key.kid }, claims, () => '')],
  [
    'alg none with the signature of a good one',
    ({ key, claims, idToken }) => forge({ alg: 'none', kid: key.kid }, claims, () => idToken.split('.')[2] ?? ''),
  ],
  [
    'HS256 over the public key as JSON',
    ({ key, claims }) => forge({ alg: 'HS256', kid: key.kid }, claims, mac(JSON.stringify(key.publicJwk))),
  ],
  [
    'HS256 over the public key as PEM',
    ({ key, claims }) => {
      const pem = createPublicKey({ key: key.publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
      return forge({ alg: 'HS256', kid: key.kid }, claims, mac(pem))
    },
  ],
  ['HS256 over the secret of the app', ({ key, claims, stage }) => forge({ alg: 'HS256', kid: key.kid }, claims, mac(stage.app.secret))],
  ['HS256 over nothing', ({ key, claims }) => forge({ alg: 'HS256', kid: key.kid }, claims, mac(''))],
  ['a foreign key under the name of ours', ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid }, claims, signed(foreign.privateKey))],
  [
    'a key that comes along',
    ({ claims }) => {
      const jwk = foreign.publicKey.export({ format: 'jwk' })
      return forge({ alg: 'ES256', jwk }, claims, signed(foreign.privateKey))
    },
  ],
  [
    'a key that lies elsewhere',
    ({ key, claims, stage }) => {
      const elsewhere = stage.addressOf()
      return forge({ alg: 'ES256', kid: key.kid, jku: elsewhere, x5u: elsewhere }, claims, signed(foreign.privateKey))
    },
  ],
  ['a key that is named by a path', ({ claims }) => forge({ alg: 'ES256', kid: '../../keys.json' }, claims, signed(foreign.privateKey))],
  [
    'a critical header that nobody knows',
    ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid, crit: ['x'], x: 1 }, claims, signed(key.privateKey)),
  ],
  [
    'our key and another issuer',
    ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid }, { ...claims, iss: 'https://evil.example' }, signed(key.privateKey)),
  ],
  [
    'our key and no issuer',
    ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid }, { ...claims, iss: undefined }, signed(key.privateKey)),
  ],
  ['our key and nobody', ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid }, { ...claims, sub: undefined }, signed(key.privateKey))],
  ['a logout token of ours', ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid, typ: 'logout+jwt' }, claims, signed(key.privateKey))],
  [
    'a good one of another person in its middle',
    ({ idToken, claims }) => idToken.replace(/\.[^.]+\./, `.${encode({ ...claims, sub: 'administrator' })}.`),
  ],
  ['a good one without its signature', ({ idToken }) => idToken.replace(/[^.]+$/, '')],
  [
    'a signature of noughts',
    ({ key, claims }) => forge({ alg: 'ES256', kid: key.kid }, claims, () => Buffer.alloc(64).toString('base64url')),
  ],
  ['an access token', ({ access }) => access],
]

const knownOf = async (stage: Stage): Promise<Known> => {
  const { idToken, access } = await stage.tokens({ scope: 'openid' })
  return { idToken, access, key: currentKey(stage.provider), claims: decodeJwt(idToken), stage }
}

export const forgedRows: readonly AttackRow[] = [
  ...FORGED.map(([about, make]): AttackRow => ({
    row: 'G01',
    about: `${about} as a hint is refused, and nobody is asked about it`,
    attack: async (stage) => {
      const id_token_hint = make(await knownOf(stage))
      return () => stage.authorize({ id_token_hint, prompt: 'none', scope: 'openid' })
    },
    answer: toldToApp('invalid_request'),
    holds: async (stage) => expect(stage.heard()).toEqual([]),
  })),
  ...FORGED.map(([about, make]): AttackRow => ({
    row: 'G01',
    about: `${about} signs nobody out`,
    attack: async (stage) => {
      const id_token_hint = make(await knownOf(stage))
      return () => stage.alice.get(`${OAUTH_PATHS.endSession}?${new URLSearchParams({ id_token_hint })}`)
    },
    answer: asksPerson,
    holds: async ({ alice }) => expect((await alice.get('/app')).status).toBe(200),
  })),
  ...FORGED.slice(0, -1).map(([about, make]): AttackRow => ({
    row: 'G01',
    about: `E14 ${about} is no access token`,
    attack: async (stage) => {
      const token = make(await knownOf(stage))
      return () => me(stage.provider, token)
    },
    answer: unknownToken,
    trail: ['oauth.bearer.refused: unknown'],
  })),
  ...[{}, { kind: 'public' }, { kind: 'native', redirect_uris: 'https://app.example.com/cb' }, { rs256_id_token: 1 }].map(
    (client): AttackRow => ({
      row: 'G01',
      about: `what an app with ${JSON.stringify(client)} gets is signed by a published key`,
      client,
      attack: async (stage) => {
        const code = await stage.code({ code_challenge: CHALLENGE, code_challenge_method: 'S256', nonce: 'n' })
        return () => stage.swap(code, { code_verifier: VERIFIER })
      },
      answer: answered(200),
      changes: SWAPPED,
      trail: ISSUED,
      holds: async ({ provider, app }, [reply]) => {
        const { protectedHeader } = await jwtVerify(tokensOf(reply!).idToken, remote(provider), { audience: app.id })
        expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: currentKey(provider).kid })
      },
    }),
  ),
  {
    row: 'G01',
    about: 'HS256 is for an app of old alone, by the secret that it shows, and no other judges it',
    client: { hs256_id_token: 1 },
    attack: async (stage) => {
      const code = await stage.code()
      return () => stage.swap(code)
    },
    answer: answered(200),
    changes: SWAPPED,
    trail: ISSUED,
    holds: async (stage, [reply]) => {
      const { provider, app } = stage
      const { idToken } = tokensOf(reply!)
      const { protectedHeader } = await jwtVerify(idToken, Buffer.from(app.secret), { issuer: provider.base, audience: app.id })
      expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
      await expect(jwtVerify(idToken, remote(provider))).rejects.toThrow()
      const other = await stage.register({ hs256_id_token: 1 })
      await expect(jwtVerify(idToken, Buffer.from(other.secret))).rejects.toThrow('signature verification failed')
      await expect(stage.register({ hs256_id_token: 1, kind: 'public' })).rejects.toThrow('HS256 ID Token')
      toldToApp('invalid_request')(await stage.authorize({ id_token_hint: idToken }), stage)
    },
  },
]

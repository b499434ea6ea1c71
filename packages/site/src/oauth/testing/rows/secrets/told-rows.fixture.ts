import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose'
import { expect, vi } from 'vitest'
import type { Received } from '../../../../webhooks/receiver.fixture.ts'
import { ADMINISTRATOR } from '../../../../policy/principal.ts'
import { Browser, connect, person, type App } from '../../app.fixture.ts'
import { answered, toldToApp } from '../answers-to-attacks.fixture.ts'
import type { AttackRow } from '../attack-row.fixture.ts'
import type { Stage } from '../stage.fixture.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const SIGNED_OUT = '/api/method/logout'
/** A row for a message and one for its receiver, a session that has ended, and whom to tell of it. */
const TOLD = { outbox: ['+1'], outbox_receiver: ['+1'], session: ['-1'] }

const listening = (stage: Stage, name?: string): Promise<App> => stage.register({ backchannel_logout_uri: stage.addressOf(name) })
const tokenIn = ({ body }: Received): string => new URLSearchParams(body).get('logout_token') ?? ''

async function judged({ provider }: Stage, received: Received, app: App): Promise<JWTPayload> {
  expect(received.headers['content-type']).toBe('application/x-www-form-urlencoded')
  const keys = createRemoteJWKSet(new URL(`${provider.base}/.well-known/jwks.json`))
  const asked = { issuer: provider.base, audience: app.id, typ: 'logout+jwt', maxTokenAge: 120 }
  return (await jwtVerify(tokenIn(received), keys, { ...asked, currentDate: new Date(provider.now() / 1000) })).payload
}

/** Alice, who is connected to an app there, signs out; her answer waits for nobody. */
function signsOut(
  about: string,
  register: (stage: Stage) => Promise<App>,
  holds: (stage: Stage, told: Awaited<ReturnType<Stage['told']>>[number]) => Promise<void> | void,
): AttackRow {
  let app: App
  return {
    row: 'G07',
    about,
    attack: async (stage) => {
      app = await register(stage)
      await connect(stage.provider, stage.alice, app)
      return async () => {
        const reply = await stage.alice.get(SIGNED_OUT)
        await stage.told(app, 1)
        return reply
      }
    },
    answer: answered(200),
    changes: TOLD,
    holds: async (stage) => holds(stage, (await stage.told(app, 1))[0]!),
  }
}

/** Places inside, in some of the ways to write them. */
const INSIDE = [
  'https://10.0.0.1/logout',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fd00:ec2::254]/',
  'https://[::ffff:10.0.0.1]/',
  'https://0x0a000001/',
  'https://167772161/',
  'https://192.168.1.1:8443/',
]

const calls: readonly AttackRow[] = [
  ...INSIDE.map((uri) =>
    signsOut(
      `${uri} is not called, and who set it finds out why`,
      (stage) => stage.register({ backchannel_logout_uri: uri }),
      (_stage, told) => {
        expect(told).toMatchObject({ kind: 'logout', state: 'waiting' })
        expect(told.lastError).toContain('ANNEX_ALLOW_PRIVATE')
      },
    ),
  ),
  ...[301, 302, 303, 307, 308].map((status) =>
    signsOut(
      `a redirect by ${status} is not followed, and is no arrival`,
      (stage) => listening(stage, `redirects-${status}`),
      (stage, told) => {
        expect(told).toMatchObject({ state: 'waiting', lastError: `The receiver answered ${status}` })
        expect(stage.heard().map(({ path }) => path)).toEqual([`/${stage.app.id}/redirects-${status}`])
      },
    ),
  ),
  signsOut(
    'a receiver that does not answer is given up, and tried again later',
    (stage) => listening(stage, 'silent'),
    (stage, told) => {
      expect(told).toMatchObject({ state: 'waiting', lastError: expect.stringContaining('did not answer in time') as string })
      expect(told.nextAt).toBeGreaterThan(told.created)
      expect(stage.heard()).toHaveLength(1)
    },
  ),
  {
    row: 'G07',
    about: 'a receiver that does not answer holds up neither the person nor another app',
    attack: async (stage) => {
      const [slow, quick] = [await listening(stage, 'silent'), await listening(stage)]
      for (const app of [slow, quick]) await connect(stage.provider, stage.alice, app)
      return async () => {
        const reply = await stage.alice.get(SIGNED_OUT)
        await stage.told(quick, 1)
        expect(await stage.provider.telling.deliveries.list(ADMINISTRATOR, slow.id)).toMatchObject([{ attempts: 0 }])
        await stage.told(slow, 1)
        return reply
      }
    },
    answer: answered(200),
    changes: { outbox: ['+2'], outbox_receiver: ['+2'], session: ['-1'] },
  },
]

const contents: readonly AttackRow[] = [
  {
    row: 'G08',
    about: 'has events, jti and the sid of the id_token, and no nonce',
    attack: async (stage) => {
      const app = await listening(stage)
      const { idToken } = await connect(stage.provider, stage.alice, app, { nonce: 'n-1' })
      return async () => {
        const reply = await stage.alice.get(SIGNED_OUT)
        const received = await vi.waitFor(() => stage.heard()[0] ?? Promise.reject(new Error('nothing came')), { timeout: 5000 })
        const token = await judged(stage, received, app)
        const { sub, sid, nonce } = decodeJwt(idToken)
        expect([nonce, typeof sid]).toEqual(['n-1', 'string'])
        const times = { iat: expect.any(Number) as number, exp: Number(token.iat) + 120 }
        const jti = expect.any(String) as string
        expect(token).toEqual({ iss: stage.provider.base, aud: app.id, sub, sid, events: { [EVENT]: {} }, jti, ...times })
        await stage.told(app, 1)
        return reply
      }
    },
    answer: answered(200),
    changes: TOLD,
  },
  {
    row: 'G08',
    about: 'is another to each app, with its own sid, and at each attempt',
    attack: async (stage) => {
      const apps = [await listening(stage, 'refuses-400'), await listening(stage)] as const
      for (const app of apps) await connect(stage.provider, stage.alice, app)
      return async () => {
        const reply = await stage.alice.get(SIGNED_OUT)
        for (const app of apps) await stage.told(app, 1)
        stage.provider.advance(10)
        await stage.told(apps[0], 2)
        return reply
      }
    },
    answer: answered(200),
    changes: { outbox: ['+2'], outbox_receiver: ['+2'], session: ['-1'] },
    holds: async (stage) => {
      const tokens = stage.heard().map((received) => decodeJwt(tokenIn(received)))
      const different = (claim: string): number => new Set(tokens.map((token) => token[claim])).size
      expect([tokens.length, different('jti'), different('sid'), different('aud'), different('sub')]).toEqual([3, 3, 2, 2, 1])
    },
  },
  {
    row: 'G08',
    about: 'names no session of another app, nor of another person',
    attack: async (stage) => {
      const app = await listening(stage)
      const bob = await person(stage.provider)
      const [hers, his] = [
        await connect(stage.provider, stage.alice, app),
        await connect(stage.provider, await new Browser(stage.provider).signIn(bob), app),
      ].map(({ idToken }) => decodeJwt(idToken))
      return async () => {
        const reply = await stage.alice.get(SIGNED_OUT)
        await stage.told(app, 1)
        const token = decodeJwt(tokenIn(stage.heard()[0]!))
        expect([token['sid'], token.sub]).toEqual([hers?.['sid'], hers?.sub])
        expect([token['sid'], token.sub]).not.toContain(his?.['sid'])
        return reply
      }
    },
    answer: answered(200),
    changes: TOLD,
  },
  {
    row: 'G08',
    about: 'G01 is no id_token: as a hint it is refused',
    attack: async (stage) => {
      const app = await listening(stage)
      await connect(stage.provider, stage.alice, app)
      await stage.alice.get(SIGNED_OUT)
      await stage.told(app, 1)
      await stage.alice.signIn(stage.user)
      return () => stage.authorize({ id_token_hint: tokenIn(stage.heard()[0]!) })
    },
    answer: toldToApp('invalid_request'),
  },
]

export const toldRows = [...calls, ...contents]

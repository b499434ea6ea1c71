import { expect } from 'vitest'
import { Browser, TOKEN, person, post, readConsent, type App, type Reply } from '../app.fixture.ts'
import { refusedAs, toSignIn } from './answers-to-attacks.fixture.ts'
import type { Answer, AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

const START = '/api/method/frappe.integrations.oauth2.device_authorization'
const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const DEVICE = { kind: 'native', scopes: 'openid Item:read' }

interface Started {
  readonly device: string
  readonly user: string
}

async function start({ provider, app }: Stage): Promise<Started> {
  const { json } = await post(provider, START, { client_id: app.id })
  return { device: String(json['device_code']), user: String(json['user_code']) }
}

const poll = ({ provider }: Stage, { device }: Started, { id }: App): Promise<Reply> =>
  post(provider, TOKEN, { grant_type: GRANT, device_code: device, client_id: id })
const open = (browser: Browser, code: string): Promise<Reply> => browser.get(`/device?user_code=${code}`)
const another = async ({ provider }: Stage): Promise<Browser> => new Browser(provider).signIn(await person(provider))

async function decided(stage: Stage, started: Started, decision: 'allow' | 'deny'): Promise<void> {
  const page = await open(stage.alice, started.user)
  expect((await stage.alice.post('/device', { ...readConsent(page), decision })).status).toBe(200)
}

const refusedPage: Answer = ({ status, text }) => {
  expect(status).toBe(400)
  expect(text).not.toContain('app.example.com')
}

/** The device asks for its tokens once all this has happened. */
const asked = (row: string, about: string, error: string, happens: (stage: Stage, started: Started) => Promise<unknown>): AttackRow => ({
  row,
  about,
  client: DEVICE,
  attack: async (stage) => {
    const started = await start(stage)
    await happens(stage, started)
    return () => poll(stage, started, stage.app)
  },
  ...refusedAs(error),
})

export const deviceRows: readonly AttackRow[] = [
  {
    row: 'I01',
    about: 'the device code of another app',
    client: DEVICE,
    attack: async (stage) => {
      const [started, other] = [await start(stage), await stage.register(DEVICE)]
      await decided(stage, started, 'allow')
      return () => poll(stage, started, other)
    },
    ...refusedAs('invalid_grant'),
  },
  {
    row: 'I02',
    about: 'another person opens and decides what Alice has opened',
    client: DEVICE,
    attack: async (stage) => {
      const [started, bob] = [await start(stage), await another(stage)]
      const page = await open(stage.alice, started.user)
      return async () => [await open(bob, started.user), await bob.post('/device', { ...readConsent(page), decision: 'allow' })]
    },
    answer: refusedPage,
    trail: ['oauth.device.code_refused'],
  },
  {
    row: 'I03',
    about: 'the eleventh code of one who guesses, though it is right, and then dead',
    client: DEVICE,
    attack: async (stage) => {
      const [started, mallory] = [await start(stage), await another(stage)]
      for (let tries = 0; tries < 10; tries += 1) expect((await open(mallory, 'BCDF-GHJK')).status).toBe(400)
      return () => open(mallory, started.user)
    },
    answer: ({ status, headers }) => {
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    },
    changes: { oauth_device: ['expires'] },
  },
  {
    ...asked('I04', 'polling too fast', 'slow_down', (stage, started) => poll(stage, started, stage.app)),
    trail: [],
    changes: { oauth_device: ['pace', 'polled_at'] },
  },
  {
    row: 'I05',
    about: 'a link with the code in it, for one who has not signed in',
    client: DEVICE,
    attack: async (stage) => {
      const started = await start(stage)
      return () => open(stage.guest(), started.user)
    },
    answer: toSignIn,
  },
  {
    row: 'I05',
    about: 'a link with the code and the decision in it shows the page and decides nothing',
    client: DEVICE,
    attack: async (stage) => {
      const started = await start(stage)
      const page = await open(stage.alice, started.user)
      const fields = readConsent(page) as Record<string, string>
      return () => stage.alice.get(`/device?${new URLSearchParams({ ...fields, user_code: started.user, decision: 'allow' })}`)
    },
    answer: ({ status, text, headers }) => {
      expect([status, headers.get('x-frame-options')]).toEqual([200, 'DENY'])
      expect(text).toContain('app.example.com')
    },
    changes: { pending_request: ['+1'] },
  },
  {
    row: 'I05',
    about: 'a form without its token, of a foreign origin, or with a right that was not asked for',
    client: DEVICE,
    attack: async (stage) => {
      const { csrf_token, ...bare } = readConsent(await open(stage.alice, (await start(stage)).user))
      const form = { ...bare, csrf_token: csrf_token ?? '', decision: 'allow' }
      return async () => [
        await stage.alice.post('/device', { ...bare, decision: 'allow' }),
        await stage.alice.post('/device', form, { origin: 'https://evil.example' }),
        await stage.alice.post('/device', form, { 'sec-fetch-site': 'cross-site' }),
        await stage.alice.post('/device', { ...form, scope: ['all'] }),
      ]
    },
    answer: ({ status }) => expect(status).toBe(400),
  },
  asked('I06', 'a code that was used', 'invalid_grant', async (stage, started) => {
    await decided(stage, started, 'allow')
    expect((await poll(stage, started, stage.app)).status).toBe(200)
  }),
  asked('I06', 'a code that was denied', 'access_denied', (stage, started) => decided(stage, started, 'deny')),
  asked('I06', 'a code that has ended', 'expired_token', async ({ provider }) => provider.advance(601)),
]

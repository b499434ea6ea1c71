import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { AUTHORIZE, Browser, REDIRECT, connect, person, pkce, request, type Reply } from '../app.fixture.ts'
import { answered, refusedHere, toSignIn, toldToApp, codeToApp } from './answers-to-attacks.fixture.ts'
import type { AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

type Values = Readonly<Record<string, string | readonly string[]>>

/** One who is signed in asks so, and one who is not. */
const bothAsk = (values: Values) => async (stage: Stage) => async (): Promise<Reply[]> => [
  await stage.authorize(values),
  await stage.authorize(values, stage.guest()),
]
const asks = (values: Values) => async (stage: Stage) => (): Promise<Reply> => stage.authorize(values)

const REDIRECTS: readonly (readonly [row: string, redirect: string | string[]])[] = [
  ['A01', 'https://evil.example/cb'],
  ['A02', `${REDIRECT}/`],
  ['A02', `${REDIRECT}/x`],
  ['A03', `${REDIRECT}?code=attacker`],
  ['A03', `${REDIRECT}&x=1`],
  ['A04', 'https://app.example.com/CB'],
  ['A04', 'https://APP.example.com/cb'],
  ['A05', 'https://app.example.com/cb/../evil'],
  ['A05', 'https://app.example.com/%2e%2e/cb'],
  ['A05', 'https://app.example.com//cb'],
  ['A06', 'https://app.example.com@evil.example/cb'],
  ['A06', 'https://app.example.com\\@evil.example/cb'],
  ['A06', `${REDIRECT}\t`],
  ['A06', `${REDIRECT}\n`],
  ['A07', `${REDIRECT}#fragment`],
  ['A10', 'http://127.0.0.1:9999/cb'],
  ['A11', [REDIRECT, REDIRECT]],
]

const redirects: readonly AttackRow[] = REDIRECTS.map(([row, redirect_uri]) => ({
  row,
  about: `redirect_uri ${JSON.stringify(redirect_uri)}`,
  attack: bothAsk({ redirect_uri }),
  answer: refusedHere,
}))

const NATIVE = { kind: 'native', redirect_uris: 'http://127.0.0.1/cb com.example.app:/cb', default_redirect_uri: 'http://127.0.0.1/cb' }
const challenged = (): Record<string, string> => ({ code_challenge: pkce().challenge, code_challenge_method: 'S256' })

const natives: readonly AttackRow[] = [
  {
    row: 'A08',
    about: 'any loopback port of a native app is its own',
    client: NATIVE,
    attack: asks({ ...challenged(), redirect_uri: 'http://127.0.0.1:49152/cb' }),
    answer: answered(200),
    changes: { pending_request: ['+1'] },
  },
  ...[
    'http://localhost:49152/cb',
    'http://127.0.0.1:49152/other',
    'http://127.0.0.1.evil.com/cb',
    'http://127.0.0.1:1/cb?x=1',
    'http://127.0.0.1:80@evil.com/cb',
  ].map((redirect_uri) => ({
    row: 'A09',
    about: `a native app from ${redirect_uri}`,
    client: NATIVE,
    attack: bothAsk({ ...challenged(), redirect_uri }),
    answer: refusedHere,
  })),
  {
    row: 'A37',
    about: 'a trusted public app with a private scheme is asked for all the same',
    client: { ...NATIVE, skip_authorization: 1 },
    attack: asks({ ...challenged(), redirect_uri: 'com.example.app:/cb' }),
    answer: answered(200),
    changes: { pending_request: ['+1'] },
  },
]

const { challenge } = pkce()
const WRONG: readonly (readonly [row: string, values: Values, error: string, state?: null])[] = [
  ['A12', { scope: ['openid', 'all'] }, 'invalid_request'],
  ['A12', { state: ['a', 'b'] }, 'invalid_request', null],
  ['A12', { code_challenge: [challenge, challenge], code_challenge_method: 'S256' }, 'invalid_request'],
  ['A13', { response_type: 'token' }, 'unsupported_response_type'],
  ['A13', { response_type: 'id_token' }, 'unsupported_response_type'],
  ['A13', { response_type: 'code id_token token' }, 'unsupported_response_type'],
  ['A15', { response_mode: 'fragment' }, 'invalid_request'],
  ['A15', { response_mode: 'form_post' }, 'invalid_request'],
  ['A31', { prompt: 'none' }, 'consent_required'],
  ['A31', { prompt: 'shout' }, 'invalid_request'],
  ['A33', { id_token_hint: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }, 'invalid_request'],
  ['A34', { request_uri: 'http://169.254.169.254/latest' }, 'request_uri_not_supported'],
  ['A34', { request_uri: 'http://127.0.0.1:1/request' }, 'request_uri_not_supported'],
  ['B02', { code_challenge: challenge }, 'invalid_request'],
  ['B02', { code_challenge: challenge, code_challenge_method: 'plain' }, 'invalid_request'],
  ['B03', { code_challenge: challenge.slice(1), code_challenge_method: 'S256' }, 'invalid_request'],
  ['B03', { code_challenge: challenge.repeat(3), code_challenge_method: 'S256' }, 'invalid_request'],
  ['B03', { code_challenge: `${challenge.slice(1)}!`, code_challenge_method: 'S256' }, 'invalid_request'],
  ['F01', { scope: 'openid Item:delete' }, 'invalid_scope'],
  ['F11', { scope: 'Sales..Invoice:read' }, 'invalid_scope'],
  ['F11', { scope: '.Item:read' }, 'invalid_scope'],
  ['F11', { scope: 'Item.:read' }, 'invalid_scope'],
  ['F11', { scope: 'Sales%20Invoice:read' }, 'invalid_scope'],
  ['F11', { scope: 'Іtem:read' }, 'invalid_scope'],
  ['F11', { scope: `${'I'.repeat(62)}:read` }, 'invalid_scope'],
  ['F12', { scope: Array.from({ length: 200 }, (_, index) => `Item${index}:read`).join(' ') }, 'invalid_request'],
]

const wrong: readonly AttackRow[] = WRONG.map(([row, values, error, state]) => ({
  row,
  about: `${JSON.stringify(values).slice(0, 80)} is ${error}`,
  client: { scopes: 'openid all Item:read Sales.Invoice:*' },
  attack: asks(values),
  answer: toldToApp(error, state),
  trail: error === 'invalid_scope' ? ['oauth.authorize.refused: scope'] : [],
}))

const others: readonly AttackRow[] = [
  {
    row: 'A11',
    about: 'client_id twice',
    attack: async (stage) => () => stage.authorize({ client_id: [stage.app.id, stage.app.id] }),
    answer: refusedHere,
  },
  {
    row: 'A24',
    about: 'a guest with a bad scope signs in first',
    attack: async (stage) => () => stage.authorize({ scope: 'secret' }, stage.guest()),
    answer: toSignIn,
  },
  {
    row: 'A26',
    about: 'a state of over 2 KB',
    attack: asks({ state: 'a'.repeat(2049) }),
    answer: toldToApp('invalid_request', 'a'.repeat(2049)),
  },
  ...['a b&c="<\'>', 'grüße 你好', 'a'.repeat(2048), '100%+%2B'].map((state) => ({
    row: 'A26',
    about: `the state ${state.slice(0, 20)} comes back as it was`,
    client: { skip_authorization: 1 },
    attack: asks({ state }),
    answer: codeToApp,
    changes: { oauth_code: ['+1'], oauth_grant: ['+1'] },
    trail: ['oauth.grant.created'],
    holds: async (_stage: Stage, replies: readonly Reply[]) => expect(replies[0]?.location?.searchParams.get('state')).toBe(state),
  })),
  {
    row: 'A31',
    about: 'a guest with prompt=none',
    attack: async (stage) => () => stage.authorize({ prompt: 'none' }, stage.guest()),
    answer: toldToApp('login_required'),
  },
  ...[{ prompt: 'login' }, { max_age: '1' }].map((values) => ({
    row: 'A32',
    about: `${JSON.stringify(values)} asks for the password again`,
    client: { skip_authorization: 1 },
    attack: async (stage: Stage) => {
      stage.provider.advance(2)
      return () => stage.authorize(values)
    },
    answer: toSignIn,
  })),
  {
    row: 'A33',
    about: 'the id_token of another user',
    attack: async (stage) => {
      const bob = await new Browser(stage.provider).signIn(await person(stage.provider))
      const { idToken } = await connect(stage.provider, bob, stage.app)
      return () => stage.authorize({ id_token_hint: idToken })
    },
    answer: toldToApp('login_required'),
  },
  {
    row: 'A35',
    about: 'an unknown, a retired and a forbidden app read the same',
    attack: async (stage) => {
      const retired = await stage.register()
      await stage.provider.oauth.clients.retire(ADMINISTRATOR, retired.id)
      const forbidden = await stage.register({ allowed_roles: [{ role: 'System Manager' }] })
      return async () => [
        await stage.authorize({ client_id: 'nobody' }),
        await stage.authorize({ client_id: retired.id }),
        await stage.authorize({ client_id: forbidden.id }),
      ]
    },
    answer: refusedHere,
    trail: ['oauth.authorize.refused: client', 'oauth.authorize.refused: role'],
    holds: async (_stage, replies) => expect(new Set(replies.map(({ text }) => text)).size).toBe(1),
  },
  ...[{ require_pkce: 1 }, { kind: 'public' }].map((client) => ({
    row: 'B01',
    about: `no code_challenge of an app with ${JSON.stringify(client)}`,
    client,
    attack: asks({}),
    answer: toldToApp('invalid_request'),
  })),
  {
    row: 'F12',
    about: 'ten thousand scopes',
    attack: async ({ alice, app }) => {
      const scope = Array.from({ length: 10_000 }, (_, index) => `Item:r${index}`).join(' ')
      return () => alice.post(AUTHORIZE, request(app, { scope }))
    },
    answer: toldToApp('invalid_request'),
  },
  {
    row: 'F12',
    about: 'one scope ten thousand times is asked for once',
    attack:
      async ({ alice, app }) =>
      () =>
        alice.post(AUTHORIZE, request(app, { scope: 'openid all '.repeat(10_000), prompt: 'consent' })),
    answer: ({ status, text }) => {
      expect(status).toBe(200)
      expect(text.match(/name="scope" value="all"/g)).toHaveLength(1)
    },
    changes: { pending_request: ['+1'] },
  },
]

export const requestRows = [...redirects, ...natives, ...wrong, ...others]

import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { REVOKE, TOKEN, ask, person, post, renew, type App, type Reply } from '../app.fixture.ts'
import { errorOf, refusedAs } from './answers-to-attacks.fixture.ts'
import type { AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

type Fields = Readonly<Record<string, string | readonly string[]>>

const basic = (id: string, secret: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const REFRESH = { grant_type: 'refresh_token', refresh_token: 'x' }
const as = ({ id, secret }: App): Record<string, string> => ({ client_id: id, ...(secret === '' ? {} : { client_secret: secret }) })

/** Posts to the token endpoint what is made of the app. */
const sends =
  (fieldsOf: (app: App) => Fields, headersOf: (app: App) => Record<string, string> = () => ({})) =>
  async ({ provider, app }: Stage) =>
  (): Promise<Reply> =>
    post(provider, TOKEN, fieldsOf(app), headersOf(app))
const sendsBody =
  (type: string, body: string) =>
  async ({ provider }: Stage) =>
  (): Promise<Reply> =>
    ask(provider, TOKEN, { method: 'POST', body, headers: { 'content-type': type } })

/** A code is swapped with wrong credentials: it is neither used nor counted against. */
const credentials = (about: string, values: Record<string, string>): AttackRow => ({
  row: 'C06',
  about,
  attack: async (stage) => {
    const code = await stage.code()
    return () => stage.swap(code, values)
  },
  ...refusedAs('invalid_client'),
})

/** All of an answer but when it was given. */
const told = ({ text, headers }: Reply): string => text + JSON.stringify([...headers].filter(([name]) => name !== 'date'))

const clientRows: readonly AttackRow[] = [
  credentials('a wrong secret', { client_secret: 'wrong' }),
  credentials('no secret', { client_secret: '' }),
  credentials('an unknown app', { client_id: 'nobody' }),
  {
    row: 'C07',
    about: 'a secret by Basic and in the body',
    attack: sends(
      (app) => ({ ...REFRESH, client_secret: app.secret }),
      (app) => basic(app.id, app.secret),
    ),
    ...refusedAs('invalid_request'),
  },
  {
    row: 'C07',
    about: 'a secret by Basic and an assertion',
    attack: sends(
      () => ({ ...REFRESH, client_assertion: 'x' }),
      (app) => basic(app.id, app.secret),
    ),
    ...refusedAs('invalid_request'),
  },
  {
    row: 'C08',
    about: 'another client_id in the header than in the body',
    attack: sends(
      () => ({ ...REFRESH, client_id: 'other' }),
      (app) => basic(app.id, app.secret),
    ),
    ...refusedAs('invalid_request'),
  },
  ...['%%%', 'YWJj', btoa('%zz:x'), btoa('a\u0001:x'), Buffer.from([0xff, 0x3a, 0xfe]).toString('base64'), ''].map((text): AttackRow => ({
    row: 'C09',
    about: `the header Basic ${text}`,
    attack: sends(
      () => REFRESH,
      () => ({ authorization: `Basic ${text}` }),
    ),
    ...refusedAs('invalid_request'),
  })),
  ...['x'.repeat(1_000_000), ['a'], { a: 1 }, 7].map((client_secret, index): AttackRow => ({
    row: 'C10',
    about: `a secret that is no short text (${index})`,
    attack: async (stage) => sendsBody('application/json', JSON.stringify({ ...REFRESH, client_id: stage.app.id, client_secret }))(stage),
    answer: errorOf('invalid_request'),
  })),
  {
    row: 'C13',
    about: 'a secret that begins rightly, a wrong one, one of another app, and an app that is unknown or has ended read the same',
    attack: async (stage) => {
      const [other, gone] = [await stage.register(), await stage.register()]
      await stage.provider.oauth.clients.retire(ADMINISTRATOR, gone.id)
      const { app } = stage
      const shown = (id: string, secret: string): Promise<Reply> => stage.renew('x', {}, { id, secret })
      return async () => [
        await shown(app.id, `${app.secret.slice(0, -1)}?`),
        await shown(app.id, 'wrong'),
        await shown(app.id, other.secret),
        await shown('nobody', app.secret),
        await shown(gone.id, gone.secret),
        await shown(gone.id, 'wrong'),
      ]
    },
    ...refusedAs('invalid_client'),
    holds: async (_stage, replies) => {
      expect(new Set(replies.map(told)).size).toBe(1)
    },
  },
  {
    row: 'C12',
    about: 'twenty wrong secrets a minute are slowed down, and nobody elsewhere',
    attack: async ({ provider, app }) => {
      const guess = (): Promise<Reply> =>
        post(provider, TOKEN, { ...REFRESH, client_id: app.id, client_secret: 'guess' }, { 'x-forwarded-for': '192.0.2.1' })
      for (let tries = 0; tries < 20; tries += 1) await guess()
      return guess
    },
    answer: ({ status, headers }) => {
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    },
    holds: async (stage) => errorOf('invalid_grant')(await renew(stage.provider, stage.app, 'x'), stage),
  },
]

const grantTypeRows: readonly AttackRow[] = [
  {
    row: 'C17',
    about: 'client_credentials by a web app',
    attack: sends((app) => ({ grant_type: 'client_credentials', ...as(app) })),
    ...refusedAs('unauthorized_client'),
  },
  {
    row: 'C18',
    about: 'the password grant',
    attack: sends((app) => ({ grant_type: 'password', username: 'x', password: 'x', ...as(app) })),
    ...refusedAs('unsupported_grant_type'),
  },
  ...[{ grant_type: ['refresh_token', 'refresh_token'] }, { grant_type: 'authorization_code', code: ['a', 'b'] }].map(
    (fields): AttackRow => ({
      row: 'C19',
      about: JSON.stringify(fields),
      attack: sends((app) => ({ ...as(app), ...fields })),
      answer: errorOf('invalid_request'),
    }),
  ),
  ...[
    '{"grant_type":"refresh_token","grant_type":"authorization_code","code":"a"}',
    '{"grant_type":"authorization_code","code":"a","\\u0063ode":"b"}',
    '{"grant_type":"authorization_code","code":"a:\\":b","code":"a:\\":b"}',
  ].map((body): AttackRow => ({
    row: 'C19',
    about: `as JSON: ${body}`,
    attack: async ({ provider, app }) => {
      const whole = body.replace('{', () => `{"client_id":"${app.id}","client_secret":"${app.secret}",`)
      return () => ask(provider, TOKEN, { method: 'POST', body: whole, headers: { 'content-type': 'application/json' } })
    },
    answer: errorOf('invalid_request'),
  })),
  {
    row: 'C20',
    about: 'parameters in the query of a POST',
    attack: async (stage) => {
      const code = await stage.code()
      return () => post(stage.provider, `${TOKEN}?grant_type=authorization_code`, { code, ...as(stage.app) })
    },
    answer: errorOf('invalid_request'),
  },
  ...[TOKEN, REVOKE].map((path): AttackRow => ({
    row: 'C20',
    about: `GET ${path.split('.').at(-1)}`,
    attack: async (stage) => {
      const { refresh } = await stage.tokens()
      return () => ask(stage.provider, `${path}?grant_type=refresh_token&refresh_token=${refresh}&token=${refresh}`)
    },
    answer: ({ status, headers }) => expect([status, headers.get('allow')]).toEqual([405, 'POST']),
  })),
  ...(
    [
      ['text/plain', 'grant_type=refresh_token'],
      ['application/json', '{"grant_type":{"a":1}}'],
      ['application/json', '{"__proto__":{"grant_type":"password"}}'],
      ['application/json; charset=utf-7', '{"grant_type": 1}'],
      ['application/x-www-form-urlencoded', `grant_type=${'x'.repeat(60_000)}`],
      ['multipart/form-data; boundary=x', '--x'],
    ] as const
  ).map(([type, body]): AttackRow => ({
    row: 'C21',
    about: `${type} ${body.slice(0, 30)}`,
    attack: sendsBody(type, body),
    answer: (reply, stage) => {
      errorOf('invalid_request')(reply, stage)
      expect(({} as Record<string, unknown>)['grant_type']).toBeUndefined()
    },
  })),
  {
    row: 'C22',
    about: 'client_credentials by a public app',
    client: { kind: 'public' },
    attack: sends((app) => ({ grant_type: 'client_credentials', ...as(app) })),
    ...refusedAs('unauthorized_client'),
  },
  {
    row: 'C22',
    about: 'client_credentials by an app that registered itself',
    client: { dynamically_registered: 1, scopes: 'openid' },
    attack: sends((app) => ({ grant_type: 'client_credentials', ...as(app) })),
    ...refusedAs('unauthorized_client'),
  },
  ...['openid', 'all', 'Sales.Invoice:read'].map((scope): AttackRow => ({
    row: 'C23',
    about: `client_credentials that ask for ${scope}`,
    attack: async (stage) => {
      const { provider } = stage
      const app = await stage.register({ kind: 'service', service_user: await person(provider), scopes: 'Item:read' })
      return () => post(provider, TOKEN, { grant_type: 'client_credentials', scope, ...as(app) })
    },
    ...refusedAs('invalid_scope'),
  })),
]

export const tokenRequestRows = [...clientRows, ...grantTypeRows]

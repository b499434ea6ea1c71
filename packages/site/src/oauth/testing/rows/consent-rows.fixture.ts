import { expect } from 'vitest'
import {
  APPROVE,
  AUTHORIZE,
  Browser,
  PROFILE,
  ask,
  formOf,
  me,
  person,
  readConsent,
  request,
  swap,
  tokensOf,
  type Reply,
} from '../app.fixture.ts'
import { expectError } from '../answers.fixture.ts'
import { PASSWORD } from '../provider.fixture.ts'
import { answered, codeToApp, refusedHere, toldToApp } from './answers-to-attacks.fixture.ts'
import type { Answer, AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

type Fields = Record<string, string | string[]>
const CONSENT = { oauth_code: ['+1'], oauth_grant: ['+1'], pending_request: ['-1'] }
const GRANTED = ['oauth.grant.created']

/** The consent page, and its fields as they are sent when Allow is pressed. */
const formOn = async (stage: Stage, browser = stage.alice): Promise<Fields> => ({
  ...readConsent(await stage.authorize({ prompt: 'consent' }, browser)),
  decision: 'allow',
})
const stillGood = async (stage: Stage, form: Fields): Promise<void> =>
  expect((await stage.alice.post(APPROVE, form)).location?.searchParams.get('state')).toBe('xyz')

const without = (field: string, form: Fields): Fields => Object.fromEntries(Object.entries(form).filter(([name]) => name !== field))

/** Sends a form that is not the one of the page; the page's own is good afterwards. */
function forged(row: string, about: string, change: (form: Fields) => Fields, headers: Record<string, string> = {}): AttackRow {
  let form: Fields = {}
  return {
    row,
    about,
    attack: async (stage) => {
      form = await formOn(stage)
      return () => stage.alice.post(APPROVE, change(form), headers)
    },
    answer: refusedHere,
    holds: (stage) => stillGood(stage, form),
  }
}

/** Somebody else presses the button of Alice's page, with a form token of their own. */
function decidedBy(row: string, about: string, browserOf: (stage: Stage) => Promise<Browser>): AttackRow {
  return {
    row,
    about,
    attack: async (stage) => {
      const form = await formOn(stage)
      const browser = await browserOf(stage)
      const own = await formOn(stage, browser)
      return () => browser.post(APPROVE, { ...form, csrf_token: own['csrf_token'] ?? '' })
    },
    answer: refusedHere,
  }
}

/** Not framed, not kept, told to no other site, with nothing of others in it and no script. */
const closedPage: Answer = ({ headers, text }) => {
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(headers.get('content-security-policy')).not.toContain('unsafe-inline')
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('referrer-policy')).toBe('same-origin')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(text).not.toMatch(/<script|(?:src|href)="(?:https?:)?\/\//)
}

const onOwnOrigin: Answer = ({ status, location }, { provider }) => expect([status, location?.origin]).toEqual([303, provider.base])

export const consentRows: readonly AttackRow[] = [
  forged('A14', 'another redirect_uri in the form', (form) => ({ ...form, redirect_uri: 'https://evil.example' })),
  forged('A14', 'another response_type in the form', (form) => ({ ...form, response_type: 'token' })),
  forged('A14', 'another client_id in the form', (form) => ({ ...form, client_id: 'other' })),
  forged('A14', 'another state in the form', (form) => ({ ...form, state: 'other' })),
  forged('A16', 'no form token', (form) => without('csrf_token', form)),
  forged('A16', 'a foreign Origin', (form) => form, { origin: 'https://evil.example' }),
  forged('A16', 'Sec-Fetch-Site: cross-site', (form) => form, { 'sec-fetch-site': 'cross-site' }),
  forged('A25', 'a denial to another address', (form) => ({ ...form, decision: 'deny', redirect_uri: 'https://evil.example/cb' })),
  forged('F08', 'a right that was not asked for', (form) => ({ ...form, scope: ['openid', 'Item:write'] })),
  decidedBy('A19', 'another person decides', async (stage) => new Browser(stage.provider).signIn(await person(stage.provider))),
  decidedBy('A19', 'another session of the same person decides', (stage) => new Browser(stage.provider).signIn(stage.user)),
  decidedBy('A20', 'the next person in the same browser decides', async (stage) => {
    const browser = new Browser(stage.provider)
    browser.cookie = stage.alice.cookie
    return browser.signIn(await person(stage.provider))
  }),
  {
    row: 'A17',
    about: 'a link to approve grants nothing and leads to the page',
    attack:
      async ({ alice, app }) =>
      () =>
        alice.get(`${APPROVE}?${formOf(request(app))}`),
    answer: ({ status, location }) => expect([status, location?.pathname]).toEqual([303, AUTHORIZE]),
  },
  {
    row: 'A18',
    about: 'a decision that comes again',
    attack: async (stage) => {
      const form = await formOn(stage)
      await stage.alice.post(APPROVE, form)
      return () => stage.alice.post(APPROVE, form)
    },
    answer: refusedHere,
  },
  {
    row: 'A21',
    about: 'A22 A39 the consent page is not framed, not cached, and tells no other site',
    attack: async (stage) => () => stage.authorize({ prompt: 'consent' }),
    answer: closedPage,
    changes: { pending_request: ['+1'] },
  },
  {
    row: 'A22',
    about: 'A39 nor are the pages of sign-in and of errors',
    attack: async (stage) => async () => [
      await stage.guest().get('/login'),
      await stage.authorize({ redirect_uri: 'https://evil.example' }),
    ],
    answer: closedPage,
  },
  {
    row: 'A23',
    about: 'A38 A39 an allowed form is answered by 303, with the issuer, and not kept',
    attack: async (stage) => {
      const form = await formOn(stage)
      return () => stage.alice.post(APPROVE, form)
    },
    answer: codeToApp,
    changes: CONSENT,
    trail: GRANTED,
  },
  {
    row: 'A38',
    about: 'a denial names the issuer, and leaves nothing',
    attack: async (stage) => {
      const form = await formOn(stage)
      return () => stage.alice.post(APPROVE, { ...form, decision: 'deny' })
    },
    answer: toldToApp('access_denied'),
    changes: { pending_request: ['-1'] },
    trail: ['oauth.consent.denied'],
  },
  ...['https://evil.example', '//evil.example', '/\\evil.example', '%09//evil.example', 'javascript:alert(1)'].map((target): AttackRow => ({
    row: 'A27',
    about: `sign-in that leads to ${target}`,
    attack:
      async ({ provider, user }) =>
      () =>
        new Browser(provider).post('/login', { usr: user, pwd: PASSWORD, 'redirect-to': target }),
    answer: onOwnOrigin,
    changes: { session: ['+1'] },
    trail: ['sign-in'],
  })),
  {
    row: 'A28',
    about: 'a session id that was set before is not the one after sign-in',
    attack: async (stage) => {
      const guest = stage.guest()
      guest.cookie = `sid=${'a'.repeat(64)}`
      return () => guest.post('/login', { usr: stage.user, pwd: PASSWORD, 'redirect-to': '/app' })
    },
    answer: onOwnOrigin,
    changes: { session: ['+1'] },
    trail: ['sign-in'],
    holds: async ({ provider }, [reply]) => {
      expect(reply?.headers.get('set-cookie')).not.toContain(`sid=${'a'.repeat(64)}`)
      expect((await ask(provider, '/api/me', { headers: { cookie: `sid=${'a'.repeat(64)}` } })).json['user']).toBe('Guest')
    },
  },
  {
    row: 'A29',
    about: 'a hostile name and state are text',
    client: { app_name: 'x" onload="y<script>' },
    attack: async (stage) => () => stage.authorize({ prompt: 'consent', state: '"><script>alert(1)</script>' }),
    answer: (reply, stage) => {
      closedPage(reply, stage)
      expect(reply.text).not.toMatch(/ onload="y|<script/)
      expect(reply.text).toContain('app.example.com')
    },
    changes: { pending_request: ['+1'] },
  },
  {
    row: 'A30',
    about: 'a cookie that says who one is',
    attack: async (stage) => {
      const form = await formOn(stage)
      return () => stage.alice.post(APPROVE, form, { cookie: `${stage.alice.cookie}; user_id=Administrator` })
    },
    answer: codeToApp,
    changes: CONSENT,
    trail: GRANTED,
    holds: async ({ provider, app, user }, [reply]) => {
      const { access } = tokensOf(await swap(provider, app, reply?.location?.searchParams.get('code') ?? ''))
      expect((await me(provider, access)).json['user']).toBe(user)
    },
  },
  {
    row: 'A36',
    about: 'a session keeps twenty open requests and no more',
    attack: async (stage) => async () => {
      const pages: Reply[] = []
      for (let count = 0; count < 22; count += 1) pages.push(await stage.authorize({ prompt: 'consent' }))
      return pages
    },
    answer: answered(200),
    changes: { pending_request: ['+20'] },
    holds: async (stage, [first, ...rest]) => {
      refusedHere(await stage.alice.decide(first!), stage)
      expectError(await stage.alice.decide(rest.at(-1)!, 'deny'), 'access_denied')
    },
  },
  {
    row: 'E15',
    about: 'the profile without openid',
    client: { scopes: 'openid Item:read' },
    attack: async (stage) => {
      const { access } = await stage.tokens({ scope: 'Item:read' })
      return () => ask(stage.provider, PROFILE, { headers: { authorization: `Bearer ${access}` } })
    },
    answer: ({ status, headers }) => {
      expect(status).toBe(403)
      expect(headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="openid"')
    },
  },
]

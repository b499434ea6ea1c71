import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { expectError } from '../../testing/answers.fixture.ts'
import {
  Browser,
  INTROSPECT,
  boxesOf,
  connect,
  me,
  person,
  post,
  register,
  renew,
  request,
  swap,
  tokensOf,
  type App,
  type Reply,
} from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const TYPE = 'frappe_doctype'

describe.each(engines)('authorization_details on %s', (engine) => {
  let provider: Provider
  let app: App
  let user: string
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [
      {
        name: 'Order',
        module: 'Stock',
        custom: 1,
        autoname: 'hash',
        fields: [
          { fieldname: 'company', fieldtype: 'Data', label: 'Company' },
          { fieldname: 'amount', fieldtype: 'Int', label: 'Amount' },
          { fieldname: 'due', fieldtype: 'Date', label: 'Due' },
          { fieldname: 'margin', fieldtype: 'Int', label: 'Margin', permlevel: 1 },
          { fieldname: 'secret', fieldtype: 'Password', label: 'Secret' },
        ],
        permissions: [{ role: 'Desk User', read: 1, write: 1, create: 1 }],
      },
    ])
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [
      {
        name: 'Closed',
        module: 'Stock',
        custom: 1,
        fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title' }],
        permissions: [{ role: 'System Manager' }],
      },
    ])
    app = await register(provider, { scopes: 'openid all Order:* Closed:read Item:read method:frappe.ping' })
  })
  beforeEach(async () => {
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const asked = (filters: unknown, more: object = {}): string =>
    JSON.stringify([{ type: TYPE, doctype: 'Order', actions: ['read', 'write'], ...(filters === undefined ? {} : { filters }), ...more }])
  const authorize = (details: string, values: Record<string, string> = {}): Promise<Reply> =>
    alice.authorize(request(app, { scope: 'openid', authorization_details: details, ...values }))
  const detail = (actions: readonly string[], filters?: unknown): object => ({
    type: TYPE,
    doctype: 'Order',
    actions,
    ...(filters === undefined ? {} : { filters }),
  })

  it('ask for rights on some documents, say so in words, and come back with the tokens', async () => {
    const page = await authorize(asked({ company: 'A<b>', amount: ['>', 5] }))
    expect(boxesOf(page)).toEqual(['Order:read', 'Order:write'])
    expect(page.text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')).toContain(
      'Order : only documents where Company is A&lt;b&gt; and Amount is more than 5 (asked for by the app)',
    )
    const filters = [
      ['company', '=', 'A<b>'],
      ['amount', '>', 5],
    ]
    const reply = await swap(provider, app, (await alice.decide(page, 'allow', ['Order:write'])).location?.searchParams.get('code') ?? '')
    expect(reply.json).toMatchObject({ scope: 'openid Order:read', authorization_details: [detail(['read'], filters)] })
    const [grant] = await provider.grants.list(user, app.id)
    expect(JSON.parse(grant?.filters ?? '')).toEqual({ Order: filters })
    const { access, refresh } = tokensOf(reply)
    const known = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(known.json['authorization_details']).toEqual([detail(['read'], filters)])
    const renewed = await renew(provider, app, refresh)
    expect(renewed.json['authorization_details']).toEqual([detail(['read'], filters)])
  })

  it('without filters are rights like others, and are echoed all the same', async () => {
    const { access } = await connect(provider, alice, app, { scope: 'openid', authorization_details: asked(undefined) })
    const known = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(known.json['authorization_details']).toEqual([detail(['read', 'write'])])
    expect((await provider.grants.list(user, app.id))[0]?.filters).toBeNull()
    expect(boxesOf(await authorize(asked(undefined), { scope: 'openid all' }))).toEqual(['all'])
  })

  it('stand alone: without a scope nothing else is asked for', async () => {
    const { redirect_uri, client_id, response_type } = request(app)
    const page = await alice.authorize({
      redirect_uri: redirect_uri!,
      client_id: client_id!,
      response_type: response_type!,
      authorization_details: asked([]),
    })
    expect(boxesOf(page)).toEqual(['Order:read', 'Order:write'])
  })

  it('leave no room for all and for methods once they have filters', async () => {
    const wide = { scope: 'openid all method:frappe.ping Item:read', authorization_details: asked({ company: 'A' }) }
    expect(boxesOf(await alice.authorize(request(app, wide)))).toEqual(['Item:read', 'Order:read', 'Order:write'])
    const { access, scope } = await connect(provider, alice, app, wide)
    expect(scope).toBe('openid Item:read Order:read Order:write')
    expect((await me(provider, access)).json['scopes']).toEqual(scope.split(' '))
  })

  it('are asked about again when the filters are others, and not when they are the same or more', async () => {
    const scopes = { scope: 'openid' }
    await connect(provider, alice, app, { ...scopes, authorization_details: asked({ company: 'A' }) })
    expect((await authorize(asked({ company: 'A' }))).status).toBe(303)
    expect((await authorize(asked({ company: 'A', amount: 5 }))).status).toBe(303)
    expect(boxesOf(await authorize(asked({ company: 'B' })))).toEqual(['Order:read', 'Order:write'])
    expect(boxesOf(await authorize(asked(undefined)))).toEqual(['Order:read', 'Order:write'])
    expect(boxesOf(await alice.authorize(request(app, { scope: 'openid Order:read' })))).toEqual(['Order:read'])
    const [newest] = await provider.grants.list(user, app.id)
    expect(JSON.parse(newest?.filters ?? '')).toEqual({
      Order: [
        ['company', '=', 'A'],
        ['amount', '=', 5],
      ],
    })
  })

  it.each<[what: string, details: string | (() => string), words?: RegExp]>([
    ['what is no JSON', '{', /not valid JSON/],
    ['what is no list', '{"type":"frappe_doctype"}', /list of 1 to 20/],
    ['an empty list', '[]', /list of 1 to 20/],
    ['a list of texts', '["frappe_doctype"]', /one type here/],
    ['another type', JSON.stringify([{ type: 'payment', amount: 1 }]), /one type here is frappe_doctype/],
    ['an unknown member', asked([], { locations: [] }), /no member locations/],
    ['no DocType', JSON.stringify([{ type: TYPE, actions: ['read'] }]), /doctype must be/],
    ['what cannot name a DocType', asked([], { doctype: 'a.b' }), /doctype must be/],
    ['a wildcard', asked([], { doctype: '*' }), /doctype must be/],
    ['no action', asked([], { actions: [] }), /actions must be/],
    ['an action that is no right', asked([], { actions: ['read', 'own'] }), /actions must be/],
    ['a DocType that is not there', asked([], { doctype: 'Ghost' }), /may not ask for Ghost:read/],
    ['a DocType that the app may not ask for', asked([], { doctype: 'Sales Invoice' }), /may not ask for Sales.Invoice:read/],
    ['a right that it may not ask for', asked([], { doctype: 'Item', actions: ['write'] }), /may not ask for Item:write/],
    ['one DocType twice', JSON.stringify([detail(['read']), detail(['write'])]), /each DocType once/],
    ['an operator that is none', asked([['company', '~', 'x']]), /Operator must be/],
    ['a value that is an object', asked([['company', '=', { a: 1 }]]), /must compare with/],
    ['a value that is too long', asked({ company: 'x'.repeat(501) }), /must compare with/],
    ['a range of one end', asked([['due', 'between', ['soon']]]), /in a filter of Order, between compares with a list of two values/],
    ['a range that is text', asked([['creation', 'between', 'x']]), /between compares with a list of two values/],
    ['a range of a field that the user may not read', asked([['margin', 'between', 'x']]), /between compares with a list of two values/],
    ['a range of a field that is not there', asked([['ghost', 'between', 'x']]), /between compares with a list of two values/],
    ['a list where one value is meant', asked([['company', '=', ['A', 'B']]]), /= compares with one value/],
    ['a state that is none', asked([['company', 'is', 'empty']]), /is compares with set or not set/],
    ['a number where a list is meant', asked([['amount', 'in', 5]]), /in compares with a list/],
    ['a span without a name', asked([['due', 'timespan', '']]), /timespan compares with the name of a span/],
    ['too many filters', asked(Array.from({ length: 21 }, () => ['amount', '>', 1])), /at most 20/],
    ['too long a text', asked({ company: 'x' }, { doctype: 'x'.repeat(9000) }), /at most 4096/],
  ])('that hold %s are refused', async (_what, details, words = /^/) => {
    const reply = await authorize(typeof details === 'string' ? details : details())
    expectError(reply, 'invalid_authorization_details')
    const description = reply.location?.searchParams.get('error_description') ?? ''
    expect(description).toMatch(words)
    expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(await provider.grants.list(user, app.id)).toEqual([])
  })

  const impossible: readonly (readonly [what: string, details: string, words: RegExp])[] = [
    ['a field that is not there', asked({ ghost: 1 }), /Order has no field ghost that you may read/],
    ['a field that the user may not read', asked({ margin: 1 }), /Order has no field margin that you may read/],
    ['a password', asked({ secret: 'x' }), /no field secret|secret holds no value/],
    ['another DocType’s field', asked([['Item', 'title', '=', 'x']]), /title/],
    ['a date that is none', asked([['due', 'between', ['soon', 'later']]]), /ask/],
    ['a DocType that the user may not list', asked({ title: 'x' }, { doctype: 'Closed', actions: ['read'] }), /you may not list Closed/],
  ]

  it.each(impossible)('with %s tell the user why, and the app what it hears of anybody who says no', async (_what, details, words) => {
    const page = await authorize(details)
    expect([page.status, page.location]).toEqual([200, undefined])
    expect(page.text.replaceAll('&#39;', "'")).toMatch(words)
    expect(page.text).toContain('You cannot allow what this app asks for')
    expect(page.text).not.toContain('value="allow"')
    const forced = await alice.decide(page)
    expect([forced.status, forced.location]).toEqual([400, undefined])
    expect(forced.text).toContain('You cannot allow what this app asks for')
    const denied = await alice.decide(page, 'deny')
    expectError(denied, 'access_denied')
    const other = await alice.decide(await authorize(asked({ company: 'A' })), 'deny')
    expect(denied.location?.search).toBe(other.location?.search)
    expect(await provider.grants.list(user, app.id)).toEqual([])
  })

  it.each(impossible)('with %s are told apart by no app that asks silently', async (_what, details) => {
    const [wrong, right] = [await authorize(details, { prompt: 'none' }), await authorize(asked({ company: 'A' }), { prompt: 'none' })]
    expectError(wrong, 'consent_required')
    expect(wrong.location?.search).toBe(right.location?.search)
  })

  it('do not pass unseen because their scope was allowed before', async () => {
    await connect(provider, alice, app, { scope: 'openid Order:read Order:write' })
    expect((await authorize(asked({ company: 'A' }))).status).toBe(303)
    const page = await authorize(asked({ margin: 1 }))
    expect([page.status, page.location]).toEqual([200, undefined])
    expect(page.text).toContain('no field margin')
  })

  it('sent twice are refused', async () =>
    expectError(await alice.authorize(request(app, { authorization_details: [asked([]), asked([])] })), 'invalid_request'))

  it('may not be sent for tokens: what was granted is narrowed by scope', async () => {
    const { refresh } = await connect(provider, alice, app, { scope: 'openid', authorization_details: asked([]) })
    const reply = await renew(provider, app, refresh, { authorization_details: asked([]) })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_authorization_details'])
    expect((await renew(provider, app, refresh)).status).toBe(200)
  })
})

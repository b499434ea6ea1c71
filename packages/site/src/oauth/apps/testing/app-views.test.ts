import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { adviceView, grantView, limitsOf, networkText, networksOf, rightsOf, useView } from '../app-views.ts'
import { grantJson, ownAppJson, reportJson, timesIn } from '../apps-json.ts'
import type { OwnApp, UsedGrant } from '../apps.ts'
import type { UseReport } from '../use-report.ts'

const NOON = 1_699_963_200_000_000
const MINUTE = 60_000_000
const ITEM = {
  name: 'Item',
  fields: [
    { fieldname: 'title', label: 'Title' },
    { fieldname: 'plain', label: '' },
  ],
} as unknown as DocType
const doctypeOf = (name: string): DocType | undefined => (name === 'Item' ? ITEM : undefined)
const WORDS = { zone: 'UTC', doctypeOf }

const network = (name: string): UsedGrant['networks'][number] => ({
  subject: 'g',
  network: name,
  first_used: NOON + MINUTE,
  last_used: NOON + 2 * MINUTE,
  calls: 3,
})
const span = { subject: 'g', first_used: NOON + MINUTE, last_used: NOON + 2 * MINUTE, calls: 5 }
const used = (values: Partial<UsedGrant['grant']> = {}, more: Partial<UsedGrant> = {}): UsedGrant => ({
  grant: {
    id: 'g',
    client: 'c',
    user: 'ann@example.com',
    granted: 'openid Item:read',
    filters: null,
    kind: null,
    created: NOON,
    expires: NOON + 60 * MINUTE,
    ...values,
  } as UsedGrant['grant'],
  appName: 'Field Sales',
  unsaid: ['*:read'],
  use: span,
  tokens: [
    {
      hash: 'h1',
      kind: 'access',
      grant_id: 'g',
      scope: 'openid Item:read',
      issued: NOON,
      expires: NOON + MINUTE,
      unsaid: [],
      use: { ...span, subject: 'h1', calls: 1 },
    },
    {
      hash: 'h2',
      kind: 'refresh',
      grant_id: 'g',
      scope: 'openid',
      issued: NOON,
      expires: NOON + 2 * MINUTE,
      unsaid: ['*:read'],
      use: undefined,
    },
  ],
  networks: [network('203.0.113'), network('2001:db8:0:0')],
  ...more,
})
const REPORT: UseReport = {
  firstUsed: NOON,
  lastUsed: NOON + MINUTE,
  calls: 7,
  days: [{ day: '2023-11-14', calls: 7, refused: 1 }],
  rights: [],
  refusals: [],
  details: [],
}

describe('a connection as a page shows it', () => {
  const SHOWN = {
    id: 'g',
    kind: undefined,
    rights: ['Know who you are', 'Read Item', 'Read every kind of document'],
    limits: [],
    since: '2023-11-14 12:00',
    until: '2023-11-14 13:00',
    firstUsed: '2023-11-14 12:01',
    lastUsed: '2023-11-14 12:02',
    networks: ['203.0.113.* (3)', '2001:db8:0:0::/64 (3)'],
    tokens: [
      {
        hash: 'h1',
        kind: 'access',
        rights: ['Know who you are', 'Read Item'],
        issued: '2023-11-14 12:00',
        expires: '2023-11-14 12:01',
        firstUsed: '2023-11-14 12:01',
        lastUsed: '2023-11-14 12:02',
      },
      {
        hash: 'h2',
        kind: 'refresh',
        rights: ['Know who you are', 'Read every kind of document'],
        issued: '2023-11-14 12:00',
        expires: '2023-11-14 12:02',
        firstUsed: undefined,
        lastUsed: undefined,
      },
    ],
  }

  it('names its user to others alone', () => {
    const tokensAt = (path: string): object[] =>
      SHOWN.tokens.map((token) => ({ ...token, href: token.kind === 'access' ? `${path}/tokens/h1` : undefined }))
    const own = '/my-apps/c/connections/g'
    expect(grantView(used(), WORDS, false)).toEqual({ ...SHOWN, href: own, tokens: tokensAt(own), user: undefined, userHref: undefined })
    expect(grantView(used(), WORDS, true)).toEqual({
      ...SHOWN,
      href: '/connected-apps/c/connections/g',
      tokens: tokensAt('/connected-apps/c/connections/g'),
      user: 'ann@example.com',
      userHref: '/connected-apps/user?user=ann%40example.com',
    })
  })

  it('says how it came about, what it is narrowed to, and that it was never used', () => {
    const shown = grantView(used({ kind: 'device', filters: '{"Item": {"title": "x"}}' }, { use: undefined }), WORDS, false)
    expect(shown).toMatchObject({ kind: 'device', limits: [{ doctype: 'Item', words: ['Title is x'] }], lastUsed: undefined })
  })

  it('tells networks of both kinds', () => {
    expect([networkText(network('203.0.113')), networkText(network('2001:db8:0:0'))]).toEqual(['203.0.113.* (3)', '2001:db8:0:0::/64 (3)'])
  })

  it('tells networks of several connections once, the latest first', () => {
    const late = { ...network('198.51.100'), last_used: NOON + 3 * MINUTE, calls: 1 }
    const later = { ...network('203.0.113'), last_used: NOON + 4 * MINUTE, calls: 2 }
    expect(networksOf([])).toEqual([])
    expect(networksOf([used(), used({}, { networks: [late, later] })])).toEqual([
      '203.0.113.* (5)',
      '198.51.100.* (1)',
      '2001:db8:0:0::/64 (3)',
    ])
  })

  it('tells filters by the labels of their fields', () => {
    expect(limitsOf('{"Item": [["name", "=", "A"], ["plain", "=", "b"], ["gone", "=", "c"]], "Lead": {"title": "d"}}', doctypeOf)).toEqual([
      { doctype: 'Item', words: ['Name is A', 'plain is b', 'gone is c'] },
      { doctype: 'Lead', words: ['title is d'] },
    ])
    expect([limitsOf(null, doctypeOf), limitsOf(undefined, doctypeOf), limitsOf('', doctypeOf)]).toEqual([[], [], []])
  })

  it('tells rights in words, and none', () => {
    expect(rightsOf(['openid', 'method:a.b'])).toEqual(['Know who you are', 'Call a.b'])
    expect(rightsOf([])).toEqual(['Nothing but know who you are'])
  })
})

describe('the page of what an app did', () => {
  it('says it in words, with times', () => {
    const view = useView(
      {
        ...REPORT,
        rights: [
          { what: 'Sales Invoice', right: 'write', count: 3 },
          { what: 'method:a.b', right: 'call', count: 2 },
          { what: '', right: 'read', count: 1 },
          { what: 'Item', right: 'paint', count: 1 },
        ],
        refusals: [
          { reason: 'scope', act: 'list Item', scope: 'Item:read', count: 3 },
          { reason: 'permission', act: 'read Item', scope: '', count: 2 },
          { reason: 'limit', act: '', scope: '', count: 1 },
          { reason: 'address', act: '', scope: '', count: 1 },
          { reason: 'access', act: '', scope: '', count: 1 },
        ],
        details: [
          { day: 'd', outcome: 'used', what: 'Item', right: 'read', count: 4 },
          { day: 'd', outcome: 'call', what: '', right: '', count: 5 },
          { day: 'd', outcome: 'scope', what: 'list Item', right: 'Item:read', count: 6 },
          { day: 'e', outcome: 'limit', what: '', right: '', count: 7 },
        ],
      },
      WORDS,
    )
    expect(view).toEqual({
      firstUsed: '2023-11-14 12:00',
      lastUsed: '2023-11-14 12:01',
      calls: 7,
      days: REPORT.days,
      rights: [
        { words: 'Change Sales Invoice', count: 3 },
        { words: 'Call a.b', count: 2 },
        { words: 'Documents of another site: read', count: 1 },
        { words: 'Documents of another site: paint', count: 1 },
      ],
      refusals: [
        { words: 'list Item', reason: 'It was not granted Item:read', count: 3 },
        { words: 'read Item', reason: 'Its user has no permission', count: 2 },
        { words: 'Any call', reason: 'Its budget was used up', count: 1 },
        { words: 'Any call', reason: 'It called from an address outside of its ranges', count: 1 },
        { words: 'Any call', reason: 'API access was switched off', count: 1 },
      ],
      details: [
        { day: 'd', words: 'Read Item', count: 4 },
        { day: 'd', words: 'Documents of another site: ', count: 5 },
        { day: 'd', words: 'list Item: It was not granted Item:read', count: 6 },
        { day: 'e', words: 'Any call: Its budget was used up', count: 7 },
      ],
    })
    expect(useView({ ...REPORT, firstUsed: undefined, lastUsed: undefined }, WORDS)).toMatchObject({
      firstUsed: undefined,
      lastUsed: undefined,
    })
  })

  it.each<[advice: Parameters<typeof adviceView>[0], view: object]>([
    [
      { kind: 'unused', scope: 'Item:read', instead: [] },
      { words: 'Item:read was never used in 90 days.', fix: { scope: 'Item:read', narrows: false } },
    ],
    [
      { kind: 'wide', scope: 'all', instead: ['Item:read', 'Lead:read'] },
      { words: 'all opens more than was used. This would have done: Item:read, Lead:read.', fix: { scope: 'all', narrows: true } },
    ],
    [{ kind: 'old secret', secret: 's', days: 400 }, { words: 'A secret is 400 days old. Make a new one.' }],
    [{ kind: 'spread secret', networks: 6 }, { words: 'The secret was used from 6 networks: more than one server may have it.' }],
    [
      { kind: 'plain redirect', uri: 'http://a.example/cb' },
      { words: 'The answer to http://a.example/cb travels in the clear. Use https.' },
    ],
    [{ kind: 'powerless user', user: 'ann' }, { words: 'ann may do nothing of what they granted: their own permissions leave nothing.' }],
  ])('says the advice %j in words', (advice, view) => {
    expect(adviceView(advice, 90)).toEqual(view)
  })
})

describe('what an app did, as JSON', () => {
  const time = timesIn('UTC')
  const GRANT = {
    grant: 'g',
    client: 'c',
    user: 'ann@example.com',
    scopes: ['openid', 'Item:read'],
    opens_too: ['*:read'],
    row_filters: null,
    kind: 'browser',
    created: '2023-11-14 12:00:00.000000',
    expires: '2023-11-14 13:00:00.000000',
    first_used: '2023-11-14 12:01:00.000000',
    last_used: '2023-11-14 12:02:00.000000',
    calls: 5,
    networks: ['203.0.113', '2001:db8:0:0'].map((name) => ({
      network: name,
      first_used: '2023-11-14 12:01:00.000000',
      last_used: '2023-11-14 12:02:00.000000',
      calls: 3,
    })),
    tokens: [
      {
        token: 'h1',
        kind: 'access',
        scopes: ['openid', 'Item:read'],
        issued: '2023-11-14 12:00:00.000000',
        expires: '2023-11-14 12:01:00.000000',
        first_used: '2023-11-14 12:01:00.000000',
        last_used: '2023-11-14 12:02:00.000000',
        calls: 1,
      },
      {
        token: 'h2',
        kind: 'refresh',
        scopes: ['openid'],
        issued: '2023-11-14 12:00:00.000000',
        expires: '2023-11-14 12:02:00.000000',
        first_used: null,
        last_used: null,
        calls: 0,
      },
    ],
  }

  it('names a grant, its use and its tokens', () => {
    const text = (value: object): unknown => JSON.parse(JSON.stringify(value).replaceAll(/(\d\d:\d\d:\d\d)(?:\.\d+)?"/g, '$1.000000"'))
    expect(text(grantJson(used(), time))).toEqual(GRANT)
    expect(grantJson(used({ kind: 'service', filters: '{}' }), time)).toMatchObject({ kind: 'service', row_filters: '{}' })
    const app = { id: 'c', client: undefined, living: [used(), used()], grants: [used()] } as unknown as OwnApp
    expect(text(ownAppJson(app, time))).toMatchObject({
      client: 'c',
      app_name: 'c',
      client_uri: null,
      scopes: ['openid', 'Item:read'],
      grants: [GRANT],
    })
    const known = { ...app, client: { name: 'Field Sales', homePage: 'https://app.example.com' } } as unknown as OwnApp
    expect(ownAppJson(known, time)).toMatchObject({ app_name: 'Field Sales', client_uri: 'https://app.example.com' })
  })

  it('has times of the site’s zone, and null for none', () => {
    expect([time(null), time(undefined), timesIn('Asia/Kolkata')(NOON)?.slice(0, 19)]).toEqual([null, null, '2023-11-14 17:30:00'])
    expect(reportJson({ ...REPORT, firstUsed: undefined }, time)).toEqual({
      first_used: null,
      last_used: time(NOON + MINUTE),
      calls: 7,
      days: REPORT.days,
      rights: [],
      refusals: [],
      details: [],
    })
  })
})

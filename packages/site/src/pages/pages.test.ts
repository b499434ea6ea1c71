import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { accountPage } from './account/account-page.ts'
import { recoveryCodesPage } from './account/factor-page.ts'
import { setUpFactorPage } from './account/set-up-factor-page.ts'
import { forgotPasswordPage } from './account/forgot-password-page.ts'
import { grantPage } from './apps/grant-page.ts'
import { settingsPage } from './apps/settings-page.ts'
import { toldPage } from './apps/told-page.ts'
import { endUserConnectionsPage, userConnectionsPage } from './apps/user-connections-page.ts'
import type { UseView } from './apps/use-parts.ts'
import { apiDocsPage } from './docs/api-docs-page.ts'
import { connectedAppPage } from './connected-app-page.ts'
import { connectedAppsPage, newConnectedApp } from './connected-apps-page.ts'
import { consentPage, type ConsentView } from './consent/consent-page.ts'
import { deviceAnswerPage, deviceCodePage } from './consent/device-page.ts'
import { errorPage } from './error-page.ts'
import { homePage } from './home-page.ts'
import { html } from './html.ts'
import type { Person } from './layout.ts'
import { myAppsPage } from './my-apps-page.ts'
import { secretPage } from './secret-page.ts'
import { signInPage } from './sign-in-page.ts'
import { styleSource } from './styles.ts'

const alice: Person = { fullName: 'Alice Example', csrf: 'token-of-alice', systemManager: false }
const EVIL = '<script>alert(1)</script>"onload=\u202Emoc.knab'

const consent: ConsentView = {
  person: alice,
  action: '/approve',
  hidden: { request: 'once' },
  appName: 'Field Sales',
  redirectHost: 'app.example.com',
  owner: 'sam@example.com',
  scopes: [
    { scope: 'openid', required: true, checked: true },
    { scope: 'email', required: true, checked: true },
    { scope: 'Stock.Item:read', required: false, checked: true },
    { scope: 'Stock.Item:write', required: false, checked: false },
    { scope: 'Customer:read', required: true, checked: true },
    { scope: 'method:frappe.ping', required: false, checked: true },
  ],
}

const FIELD = { name: EVIL, label: EVIL, type: EVIL, required: true, readOnly: true, description: EVIL }
const DOCTYPE_SHOWN = {
  name: EVIL,
  description: EVIL,
  operations: [{ method: EVIL, path: EVIL, summary: EVIL }],
  fields: [FIELD],
  rows: [{ name: EVIL, fields: [FIELD] }],
}

const fieldsOf = (page: string): string[] =>
  [...page.matchAll(/<input\b[^>]*name="scope"[^>]*>/g)].map(([tag]) => tag.replaceAll(/\s+/g, ' '))

const USE: UseView = {
  firstUsed: EVIL,
  lastUsed: EVIL,
  calls: 3,
  days: [{ day: EVIL, calls: 3, refused: 1 }],
  rights: [{ words: EVIL, count: 2 }],
  refusals: [{ words: EVIL, reason: EVIL, count: 1 }],
  details: [{ day: EVIL, words: EVIL, count: 1 }],
}
const all: readonly (readonly [string, string])[] = [
  ['sign-in', signInPage({ redirectTo: '/app', user: EVIL, error: EVIL })],
  ['forgotten password', forgotPasswordPage({ isOpen: true, error: EVIL })],
  ['second factor to set up', setUpFactorPage({ pending: EVIL, redirectTo: '/x', enrolment: { secret: EVIL, uri: EVIL }, error: EVIL })],
  ['recovery codes', recoveryCodesPage({ codes: [EVIL], href: EVIL })],
  [
    'account',
    accountPage({
      person: alice,
      sessions: [{ id: EVIL, browser: EVIL, address: EVIL, begun: 'today', lastSeen: 'today', isThis: true }],
      identities: [{ issuer: EVIL, label: EVIL, since: 'today' }],
      untieAction: '/untie',
      proof: 'password',
      endAction: '/end',
      endOthersAction: '/others',
      endAllAction: '/all',
      error: EVIL,
    }),
  ],
  ['home', homePage({ ...alice, fullName: EVIL, systemManager: true })],
  ['error', errorPage(403, EVIL)],
  ['API', apiDocsPage({ person: alice, doctypes: [EVIL], methods: [{ name: EVIL, httpMethods: EVIL }] })],
  ['API of a DocType', apiDocsPage({ person: alice, doctypes: [], methods: [], shown: DOCTYPE_SHOWN })],
  ['consent', consentPage({ ...consent, appName: EVIL, redirectHost: EVIL, owner: EVIL, hidden: { state: EVIL }, warning: EVIL })],
  ['device code', deviceCodePage({ person: alice, typed: EVIL, error: EVIL })],
  ['device answer', deviceAnswerPage({ person: alice, appName: EVIL, allowed: true })],
  ['consent of a device', consentPage({ ...consent, appName: EVIL, deviceCode: 'WDJB-MJHT' })],
  [
    'my apps',
    myAppsPage({
      person: alice,
      revokeAction: '/revoke',
      endAllAction: '/end',
      apps: [
        { clientId: 'c', name: EVIL, host: EVIL, href: '/x', limits: [{ doctype: EVIL, words: [EVIL] }], scopes: [EVIL], since: EVIL },
      ],
    }),
  ],
  [
    'connected apps',
    connectedAppsPage({
      person: alice,
      newHref: '/new',
      settingsHref: '/settings',
      userAction: '/user',
      approvals: { href: '/approvals', count: 0 },
      apps: [{ name: EVIL, host: EVIL, kind: EVIL, tag: EVIL, href: '/x' }],
    }),
  ],
  [
    'connected app',
    connectedAppPage({
      person: alice,
      action: '/save',
      values: { ...newConnectedApp, app_name: EVIL, redirect_uris: EVIL, scopes: EVIL },
      kinds: ['web', 'native'],
      saved: {
        clientId: 'c',
        state: 'Active',
        useHref: '/use',
        toldHref: '/told',
        fields: { contact: EVIL, row_filters: EVIL },
        limits: [{ doctype: EVIL, words: [EVIL] }],
        advice: [{ words: EVIL, fix: { scope: EVIL, narrows: true } }],
        secrets: [
          { id: 'one', created: 'today' },
          { id: 'two', created: 'before' },
        ],
        endSecretAction: '/end-secret',
        takeAwayAction: '/take-away',
        stateAction: '/state',
        rotateAction: '/rotate',
        retireAction: '/retire',
        relaxed: [EVIL],
      },
    }),
  ],
  [
    'settings',
    settingsPage({
      person: alice,
      action: '/settings',
      modified: EVIL,
      values: { registration_scopes: EVIL, scope_sets: EVIL, audit_days: EVIL },
      sets: [{ name: EVIL, title: EVIL, scopes: [EVIL] }],
      isStale: true,
      error: EVIL,
    }),
  ],
  [
    'messages of an app',
    toldPage({
      person: alice,
      name: EVIL,
      href: '/x',
      eventUri: EVIL,
      secrets: ['1', '2'].map((id) => ({ id, created: 'today' })),
      rotateAction: '/rotate',
      endSecretAction: '/end',
      deliveries: (['waiting', 'dead', 'done'] as const).map((state) => {
        return { id: EVIL, kind: 'event', state, created: 'today', attempts: 1, lastError: EVIL, reason: EVIL, grant: EVIL }
      }),
      retryAction: '/retry',
      forgetAction: '/forget',
    }),
  ],
  [
    'connections of a user',
    userConnectionsPage({
      person: alice,
      action: '/user',
      endHref: '/end',
      user: EVIL,
      isKnown: true,
      apps: [{ name: EVIL, href: '/x', connections: 2, rights: [EVIL], since: EVIL }],
      use: USE,
      networks: [EVIL],
      access: { isOn: true, action: '/access' },
      identities: [{ issuer: EVIL, label: EVIL, since: EVIL }],
      untieAction: '/untie',
    }),
  ],
  [
    'connection',
    grantPage({
      person: alice,
      name: EVIL,
      backHref: '/back',
      use: USE,
      grant: {
        id: EVIL,
        user: EVIL,
        userHref: '/user',
        rights: [EVIL],
        limits: [{ doctype: EVIL, words: [EVIL] }],
        since: EVIL,
        until: EVIL,
        networks: [EVIL],
        tokens: [{ hash: EVIL, kind: 'access', issued: EVIL, expires: EVIL, rights: [EVIL], firstUsed: EVIL, lastUsed: EVIL }],
      },
      actions: { endGrant: '/end', endToken: '/token' },
    }),
  ],
  ['end of connections', endUserConnectionsPage({ person: alice, action: '/end', backHref: '/user', user: EVIL, count: 2 })],
  ['secret', secretPage({ person: alice, appName: EVIL, clientId: 'c', secret: 's', href: '/x' })],
]

describe.each(all)('the %s page', (_name, page) => {
  it('shows what a stranger chose as text', () => {
    expect(page).not.toMatch(/<script|"onload=/)
    expect(page).toContain('&lt;script&gt;')
  })

  it('has a language, a title, one first heading and a main part', () => {
    expect(page).toMatch(/<html lang="en">/)
    expect(page).toMatch(/<title>[^<]+<\/title>/)
    expect(page.match(/<h1>/g)).toHaveLength(1)
    expect(page.match(/<main\b/g)).toHaveLength(1)
  })

  it('labels each of its fields', () => {
    const ids = [...page.matchAll(/<(?:input type="(?:text|password)"|textarea|select)[^>]*?\sid="([^"]+)"/g)].map(([, id]) => id)
    for (const id of ids) expect(page).toContain(`<label for="${id}">`)
  })

  it('needs nothing from elsewhere, and its policy lets its one stylesheet in', () => {
    expect(page).not.toMatch(/\ssrc=|<link(?! rel="icon" href="data:,")|url\(|\sstyle=/)
    const [, css = ''] = /<style>([^]*?)<\/style>/.exec(page) ?? []
    expect(styleSource).toBe(`'sha256-${createHash('sha256').update(css).digest('base64')}'`)
  })
})

it('every form of a signed-in person carries the CSRF token', () => {
  for (const [name, page] of all) {
    if (['sign-in', 'forgotten password', 'second factor to set up'].includes(name)) continue
    const forms = [...page.matchAll(/<form\b[^]*?<\/form>/g)].map(([form]) => form)
    for (const form of forms) expect(form, name).toContain('name="csrf_token" value="token-of-alice"')
  }
})

it('html escapes text, keeps markup, joins lists and leaves out what is not there', () => {
  const page = html`<p title="${`a"b'c`}">${['<', html`<b>x</b>`, 3]}${false}${undefined}</p>`
  expect(page.toString()).toBe('<p title="a&quot;b&#39;c">&lt;<b>x</b>3</p>')
})

describe('the consent page', () => {
  const page = consentPage(consent)

  it('has one box for each right that is not required, and a hidden field for each that is', () => {
    expect(fieldsOf(page)).toEqual([
      '<input type="hidden" name="scope" value="openid" />',
      '<input type="hidden" name="scope" value="email" />',
      '<input type="checkbox" name="scope" value="Stock.Item:read" checked />',
      '<input type="checkbox" name="scope" value="Stock.Item:write" />',
      '<input type="hidden" name="scope" value="Customer:read" />',
      '<input type="checkbox" name="scope" value="method:frappe.ping" checked />',
    ])
  })

  it('groups the rights by DocType, in plain words', () => {
    const legends = [...page.matchAll(/<legend>([^]*?)<\/legend>/g)].map(([, legend]) => legend?.replaceAll(/<[^>]+>/g, '').trim())
    expect(legends).toEqual(['Stock Item', 'Customer', 'Functions'])
    expect(page).toMatch(/value="Stock\.Item:write"[^>]*>\s*Change/)
  })

  it('shows the app with its host and its owner, and two buttons that decide', () => {
    expect(page.replaceAll(/<[^>]+>/g, '')).toMatch(/Field Sales \(app\.example\.com\)[^]*sam@example\.com/)
    expect([...page.matchAll(/<button[^>]*name="decision"[^>]*value="(\w+)"/g)].map(([, value]) => value)).toEqual(['allow', 'deny'])
    expect(page).toContain('<input type="hidden" name="request" value="once" />')
  })

  it('keeps a hidden field as it is, and takes turning characters out of a name', () => {
    const odd = consentPage({ ...consent, hidden: { state: 'ü\u202E&' }, appName: 'moc\u202Eknab' })
    expect(odd).toContain('value="ü\u202E&amp;"')
    expect(odd).toContain('<bdi>mocknab</bdi>')
  })

  it('says in words what all means', () => {
    expect(consentPage({ ...consent, scopes: [{ scope: 'all', required: false, checked: true }] })).toContain(
      'Do everything that you may do, except manage users',
    )
  })
})

it('a retired app offers neither a new secret nor its end', () => {
  const actions = {
    rotateAction: '/rotate',
    retireAction: '/retire',
    stateAction: '/state',
    endSecretAction: '/end',
    takeAwayAction: '/take',
  }
  const shown = { useHref: '/use', toldHref: '/told', fields: {}, limits: [], advice: [], secrets: [], relaxed: [] }
  const saved = { clientId: 'c', state: 'Retired', ...shown, ...actions } as const
  const page = connectedAppPage({ person: alice, action: '/save', values: newConnectedApp, kinds: ['web'], saved })
  expect(page).not.toMatch(/action="\/(rotate|retire|state|end)"/)
})

it('a new app requires PKCE unless told otherwise', () => {
  const page = connectedAppPage({ person: alice, action: '/save', values: newConnectedApp, kinds: ['web'] })
  expect(page).toMatch(/name="pkce_required"\s+value="1"\s+checked/)
})

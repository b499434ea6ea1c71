import { beforeEach, describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { memoryStore } from '../../../stores/memory.ts'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { createKeys, KeyRing } from '../../sealing/key-ring.ts'
import { createFetchSend } from '../../upstream/transport.ts'
import { checkSettings, type CheckParts } from './check.ts'
import { clientSource } from '../client-source.ts'
import { Discovery } from '../discovery.ts'

const redirectUri = 'https://app.test/connect/callback'
const sealer = new KeyRing(createKeys())
let site: FakeUpstream

function parts(changes: Partial<CheckParts> = {}): CheckParts {
  const send = createFetchSend(site.fetch, 5000)
  const discovery = new Discovery(site.issuer, send, site.clock.now)
  const client = { ...site.client, redirectUri }
  const scopes = ['openid', 'Item:read']
  const store = memoryStore().of('')
  return { tenant: '', issuer: site.issuer, scopes, store, sealer, discovery, send, clock: site.clock.now, client, ...changes }
}

const MARKS = { good: '✓', bad: '✗', unknown: '?' } as const
async function said(changes: Partial<CheckParts> = {}, apiKey?: string): Promise<string[]> {
  const findings = await checkSettings(parts(changes), apiKey === undefined ? {} : { apiKey })
  return findings.map(({ verdict, what, sentence }) => `${MARKS[verdict]} ${what}: ${sentence}`)
}

describe('what is said of settings for a site that looks at what a guest asks', () => {
  beforeEach(() => {
    site = new FakeUpstream()
    // As the site of this project: who is not signed in is sent to sign in once client and redirect URI are proven.
    site.override = ({ path, query }) => {
      if (path !== OAUTH_PATHS.authorize) return undefined
      const wrong = (description: string) => ({ status: 400, json: { error: 'invalid_request', description, status_code: 400 } })
      if (![site.client.id, site.publicClient.id].includes(query.get('client_id') as never))
        return wrong('Invalid client_id parameter value.')
      if (query.get('redirect_uri') !== redirectUri) return wrong('Mismatching redirect URI.')
      return { status: 303, headers: { location: '/login' }, html: '' }
    }
  })

  test('when all is well', async () => {
    expect(await said()).toEqual([
      '✓ site: https://erp.test is an Annex site',
      '✓ client: the site knows fake-client',
      '✓ redirect: https://app.test/connect/callback is registered',
      '✓ secret: it is the one of this app',
      '✓ scopes: each has the right form; whether the app may ask for them shows at sign-in',
      '✓ sign-in: the site proves who signs in by keys that it publishes',
    ])
  })

  test.each<[string, Partial<CheckParts>, string[]]>([
    [
      'a wrong secret',
      { client: { id: 'fake-client', secret: 'not-this-one', redirectUri } },
      ['✗ secret: it is not the one of this app: have the site give a new one, and set client.secret to it'],
    ],
    [
      'a secret that was left out',
      { client: { id: 'fake-client', redirectUri } },
      ['✗ secret: none is set, and the site wants one or does not know the app: set client.secret'],
    ],
    ['nothing, for a public client', { client: { id: 'fake-public', redirectUri } }, []],
    [
      'an unknown client',
      { client: { id: 'nobody', secret: 'not-this-one', redirectUri } },
      ['✗ client: the site knows no client nobody that may sign people in: check client.id, and that the app is not retired'],
    ],
    [
      'a redirect URI with a slash too much',
      { client: { id: 'fake-client', secret: 'fake-secret', redirectUri: `${redirectUri}/` } },
      [`✗ redirect: ${redirectUri}/ is not registered for this client: it must be the same to the letter, port and slash`],
    ],
    [
      'a scope that is none',
      { scopes: ['openid', 'Item:red'] },
      ['✗ scopes: Item:red is no scope: write DocType:right with dots for spaces, as Sales.Invoice:read'],
    ],
    [
      'an app that has not registered itself yet, and does not do so for the question',
      { client: { register: { name: 'Field Sales' }, redirectUri } },
      ['? client: the app is not registered yet: it registers itself at the first sign-in'],
    ],
  ])('it names %s, and no secret', async (_name, changes, lines) => {
    const all = await said(changes)
    expect(all.filter((line) => !line.startsWith('✓'))).toEqual(lines)
    expect(all.join()).not.toMatch(/not-this-one|fake-secret/)
    expect(site.count(OAUTH_PATHS.register)).toBe(0)
  })

  test('an app that has registered itself is looked at as it was registered, and is told when the site knows it no more', async () => {
    const client = { register: { name: 'Field Sales' }, redirectUri }
    const own = parts({ client })
    const { id } = await clientSource(client, own)()
    site.override = undefined
    expect(await said(own)).toContain(`✓ client: the site knows ${id}`)
    site.override = ({ path }) =>
      path === OAUTH_PATHS.authorize ? { status: 400, json: { description: 'Invalid client_id parameter value.' } } : undefined
    expect(await said(own)).toContain(
      `✗ client: the site knows the app no more that registered itself as ${id}: register it anew with \`annex-connector register --again\``,
    )
  })

  test('a site that calls itself something else is named, and nothing else is asked', async () => {
    site.faults.announcedIssuer = 'https://www.erp.test'
    expect(await said()).toEqual([
      '✗ site: the site calls itself https://www.erp.test, the app was told https://erp.test: the two must be equal to the letter',
    ])
  })

  test.each([429, 503])('a site that answers %i for tokens leaves the secret open', async (status) => {
    site.faults.tokenStatus = status
    expect(await said()).toContain(`? secret: the site answered ${status} to a request for tokens: try again later`)
  })

  test('a proxy that changes requests is guessed', async () => {
    site.override = ({ path }) => (path === OAUTH_PATHS.token ? { status: 405, html: '<h1>Not allowed</h1>' } : undefined)
    expect(await said()).toContain('✗ secret: the site answered 405  to a request for tokens: is there a proxy that changes the request?')
  })

  test('a site that is down is named, before everything and in between', async () => {
    site.faults.down = true
    expect(await said()).toEqual(['✗ site: the site at https://erp.test cannot be reached: try again later'])
    site.faults.down = false
    site.override = ({ path }) => {
      site.faults.down = path === OAUTH_PATHS.serverMetadata
      return undefined
    }
    expect(await said()).toContain('? client: the site at https://erp.test cannot be reached: try again later')
  })
})

describe('what is said of settings for a Frappe', () => {
  beforeEach(() => {
    site = new FakeUpstream({ kind: 'frappe-15' })
    // Whoever is not signed in is sent to sign in, whatever was asked.
    site.override = ({ path }) => (path === OAUTH_PATHS.authorize ? { status: 302, headers: { location: '/login' }, html: '' } : undefined)
  })

  const ELSE = 'sign in once, or check with the API key of a System Manager'

  test('what cannot be seen from outside is said to be so', async () => {
    expect(await said()).toEqual([
      '✓ site: https://erp.test is a Frappe 15',
      '✓ client: the site knows fake-client',
      `? redirect: the site looks at it only when somebody signs in: ${ELSE}`,
      `? secret: the site looks at it in id_tokens alone: ${ELSE}`,
      '✓ scopes: on a Frappe they are labels: what the app may do is what the person may do',
      "✓ sign-in: the site proves who signs in by the app's secret",
    ])
  })

  test('the name that it calls itself is told, since a Social Login Key may have been meant for another', async () => {
    site.faults.announcedIssuer = 'http://erp.test'
    expect((await said())[0]).toBe(
      '✓ site: https://erp.test is a Frappe 15 that calls itself http://erp.test in its tokens, which is taken for the same',
    )
  })

  test('an unknown client is named', async () => {
    expect(await said({ client: { id: 'nobody', redirectUri } })).toContain('✗ client: the site knows no client nobody: check client.id')
  })

  test('a public client is known by the profile', async () => {
    expect(await said({ client: { id: 'fake-public', redirectUri } })).toContain(
      '✓ sign-in: the site publishes no keys and the app has no secret: who signs in is what the site shows as their profile',
    )
  })

  test('an app that cannot register itself is answered with the form', async () => {
    const lines = await said({ client: { register: { name: 'Field Sales' }, redirectUri } })
    expect(lines[1]).toMatch(
      /^✗ client: the site lets no app register itself: have a System Manager open https:\/\/erp\.test\/app\/oauth-client\/new\?app_name=Field%20Sales&/,
    )
  })

  test('what is no Frappe at all is told so', async () => {
    site.override = () => ({ status: 404, html: '<h1>nginx</h1>' })
    expect(await said()).toEqual(['✗ site: what answers at https://erp.test is no Frappe site: check the address'])
  })
})

describe('what is said with the API key of a System Manager', () => {
  const KEY = 'key:secret-of-sam'
  let document: Record<string, unknown>

  beforeEach(() => {
    site = new FakeUpstream({ kind: 'frappe-15' })
    document = {
      name: 'fake-client',
      redirect_uris: `https://other.test/cb ${redirectUri}`,
      default_redirect_uri: redirectUri,
      scopes: 'all openid Item:read',
      grant_type: 'Authorization Code',
      response_type: 'Code',
      client_secret: 'fake-secret',
      allowed_roles: [{ role: 'Desk User' }, { role: 'All' }],
    }
    site.override = ({ path, headers }) => {
      if (!path.startsWith('/api/resource/')) return undefined
      return headers.get('authorization') === `token ${KEY}` ? { json: { data: document } } : { status: 403, json: {} }
    }
  })

  test('when all is well', async () => {
    expect(await said({}, KEY)).toEqual([
      '✓ site: https://erp.test is a Frappe 15',
      '✓ client: the site knows fake-client, for people with the role Desk User or All',
      '✓ redirect: https://app.test/connect/callback is registered',
      '✓ secret: it is the one of this app',
      '✓ scopes: the app may ask for all of them',
      "✓ sign-in: the site proves who signs in by the app's secret",
    ])
  })

  const told = `client.redirectUri is ${redirectUri}, the nearest that is registered is`
  test.each<[string, Record<string, unknown>, string]>([
    [
      'another port',
      { redirect_uris: 'https://app.test:8443/connect/callback' },
      `✗ redirect: ${told} https://app.test:8443/connect/callback: character 17 is “/” here and “:” there`,
    ],
    ['a slash too much there', { redirect_uris: `${redirectUri}/` }, `✗ redirect: ${told} ${redirectUri}/: “/” is missing at the end`],
    [
      'a slash too little there',
      { redirect_uris: 'https://app.test/connect/callbac' },
      `✗ redirect: ${told} https://app.test/connect/callbac: “k” is too much at the end`,
    ],
    [
      'two lines',
      { redirect_uris: `https://other.test/cb\n${redirectUri}` },
      `✗ redirect: ${redirectUri} stands on a line of its own: write the redirect URIs in one line, with single spaces between`,
    ],
    [
      'no redirect URI',
      { redirect_uris: '' },
      `✗ redirect: none is registered: enter ${redirectUri} as redirect URI, besides the default one`,
    ],
    ['no default', { default_redirect_uri: '' }, `✗ redirect: set ${redirectUri} as the default redirect URI too`],
    ['another secret', { client_secret: 'another' }, '✗ secret: it is not the one of this app: copy Client Secret from the site'],
    ['a hidden secret', { client_secret: '********' }, '? secret: the site shows it to nobody: sign in once'],
    ['a scope less', { scopes: 'all openid' }, '✗ scopes: Item:read is not registered: add it to the scopes of the app at the site'],
    [
      'the implicit grant',
      { grant_type: 'Implicit', response_type: 'Token' },
      '✗ client: it is registered for Implicit and Token: set Authorization Code and Code',
    ],
    ['a suspended app', { state: 'Suspended' }, '✗ client: its state is Suspended: an administrator of the site has to make it Active'],
    [
      'old signatures',
      { hs256_id_token: 1 },
      '✗ client: the site signs for it with its secret, as for old apps, though it publishes keys: switch HS256 off',
    ],
  ])('%s is named', async (_name, change, line) => {
    document = { ...document, ...change }
    const all = await said({}, KEY)
    expect(all.filter((one) => !one.startsWith('✓'))).toEqual([line])
    expect(all.join()).not.toMatch(/fake-secret|another\b|secret-of-sam/)
  })

  test.each<[number, string]>([
    [401, '? client: the site does not know the API key: write it as key:secret'],
    [403, "? client: the API key is not a System Manager's: only they may see how an app is registered"],
    [404, '✗ client: the site knows no client fake-client: check client.id'],
    [502, '? client: the site answered 502 for how the app is registered'],
  ])('an answer of %i is told', async (status, line) => {
    site.override = ({ path }) => (path.startsWith('/api/resource/') ? { status, json: {} } : undefined)
    expect(await said({}, KEY)).toContain(line)
  })
})

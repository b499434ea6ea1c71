import { beforeEach, describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'
import type { ConnectorOptions } from '../../connector/options.ts'
import { AppRefused, InvalidSignIn, problemOf } from '../../errors.ts'

const redirectUri = 'http://localhost:4100/connect/callback'
let site: FakeUpstream
let failures: Error[]

beforeEach(() => {
  site = new FakeUpstream({ kind: 'frappe-15' })
  failures = []
})

const newApp = (options: Partial<ConnectorOptions> = {}): TestApp =>
  new TestApp(site, {
    onSignInFailed: ({ error, status, message }) => {
      failures.push(error)
      return new Response(message, { status })
    },
    ...options,
  })

async function expectSignedIn(app: TestApp): Promise<void> {
  expect((await app.signIn()).status).toBe(303)
  const session = await app.connector.session(app.request())
  expect(session?.user).toMatchObject({ issuer: site.issuer, subject: 'sam-sub' })
}

describe('T10 what a Frappe 15 calls itself', () => {
  test.each([
    ['a Frappe 15 behind a proxy that says http', 'http://erp.test'],
    ['a Social Login Key that names another address', 'https://login.example.com'],
    ['a Social Login Key with a slash at its end', 'https://erp.test/'],
    ['a Social Login Key without an address', ''],
  ])('O14 %s: people are known by the address that was set, and no other one is asked', async (_name, announced) => {
    site.faults.announcedIssuer = announced
    await expectSignedIn(newApp())
    // The fake throws on a request to any other origin.
    expect(site.count(OAUTH_PATHS.token)).toBe(1)
  })

  test('after its address has changed one sign-in fails, and what it says of itself is asked for anew', async () => {
    const app = newApp()
    await expectSignedIn(app)
    site.faults.announcedIssuer = 'https://new.example.com'
    expect((await app.signIn()).status).toBe(400)
    expect(failures[0]).toBeInstanceOf(InvalidSignIn)
    expect(failures[0]!.message).toContain('The sign-in is from https://new.example.com, the app was told https://erp.test')
    await expectSignedIn(app)
  })

  test('O10 its redirect is followed, also to http of the same host, which a proxy makes of it', async () => {
    site.override = ({ path }) =>
      path === OAUTH_PATHS.openidDiscovery
        ? { status: 301, headers: { location: `http://erp.test${OAUTH_PATHS.configuration}` }, html: '' }
        : undefined
    await expectSignedIn(newApp())
  })

  test('O10 behind a proxy that keeps /.well-known/ for itself it is found by its own paths', async () => {
    site.faults.announcedIssuer = 'http://erp.test'
    site.override = ({ path }) => (path.startsWith('/.well-known/') ? { status: 404, html: 'nothing here' } : undefined)
    await expectSignedIn(newApp())
  })
})

describe('what proves a sign-in at a Frappe 15', () => {
  test('a wrong secret shows in the id_token, and its operator is told which setting it is', async () => {
    const app = newApp({ client: { id: site.client.id, secret: 'another-secret', redirectUri } })
    await app.signIn()
    expect(failures[0]).toBeInstanceOf(AppRefused)
    expect(failures[0]).toMatchObject({ hint: 'secret', problem: 'app_refused' })
    expect(failures[0]!.message).toMatch(/client\.secret/)
    expect(failures[0]!.message).not.toContain('another-secret')
    expect(await app.connector.session(app.request())).toBeUndefined()
  })

  test('an app that the site does not know is told so, not the person', async () => {
    site.override = ({ path }) => (path === OAUTH_PATHS.token ? { status: 404, json: { exc_type: 'DoesNotExistError' } } : undefined)
    await newApp().signIn()
    expect(failures[0]).toMatchObject({ hint: 'client', code: 'invalid_client' })
  })

  test('a redirect URI that does not fit any more is named', async () => {
    site.override = ({ path }) =>
      path === OAUTH_PATHS.token
        ? { status: 400, json: { error: 'invalid_request', error_description: 'Mismatching redirect URI.' } }
        : undefined
    await newApp().signIn()
    expect(failures[0]).toMatchObject({ hint: 'redirect' })
    expect(problemOf(failures[0])).toEqual({
      code: 'app_refused',
      message: `The site refuses this app (Mismatching redirect URI. ${redirectUri}): compare client.redirectUri with the site, to the letter`,
    })
  })

  test('the profile of a public client without the scope openid is told to be missing', async () => {
    site.override = ({ path }) => (path === OAUTH_PATHS.profile ? { status: 401, json: { error: 'invalid_token' } } : undefined)
    await newApp({ client: { id: site.publicClient.id, redirectUri } }).signIn()
    expect(failures[0]).toBeInstanceOf(InvalidSignIn)
    expect(failures[0]!.message).toContain('scope openid')
  })
})

describe('a site that lists its methods for PKCE without S256', () => {
  beforeEach(() => {
    site = new FakeUpstream({ kind: 'frappe-16' })
    const document = {
      issuer: site.issuer,
      authorization_endpoint: site.issuer + OAUTH_PATHS.authorize,
      token_endpoint: site.issuer + OAUTH_PATHS.token,
      code_challenge_methods_supported: ['plain'],
    }
    site.override = ({ path }) => (path === OAUTH_PATHS.serverMetadata ? { json: document } : undefined)
  })

  test('is asked without one by an app with a secret', async () => {
    const app = newApp()
    const { searchParams } = new URL((await app.visit(app.connector.signInUrl())).headers.get('location')!)
    expect(searchParams.has('code_challenge')).toBe(false)
    expect(searchParams.has('nonce')).toBe(true)
  })

  test('is not asked by an app without a secret', async () => {
    const app = newApp({ client: { id: site.publicClient.id, redirectUri } })
    expect((await app.visit(app.connector.signInUrl())).status).toBe(400)
    expect(failures[0]).toMatchObject({ hint: 'secret' })
    expect(failures[0]!.message).toContain('PKCE')
  })
})

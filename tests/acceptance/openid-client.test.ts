import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { registerApp, type App } from '../support/callers/connected-app.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { Visitor } from '../support/callers/visitor.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', last_name: 'Example', new_password: 'Corr3ct-horse-alice' }
const SCOPE = 'openid profile email'

type Way = readonly [name: string, kind: 'web' | 'public', authentication: (secret: string) => openid.ClientAuth]

const WAYS: readonly Way[] = [
  ['client_secret_basic', 'web', openid.ClientSecretBasic],
  ['client_secret_post', 'web', openid.ClientSecretPost],
  ['no secret', 'public', openid.None],
]

describe.each(engines)('openid-client, unchanged and in OpenID mode, on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let alice: Visitor
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', ALICE)
    alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
  })
  afterAll(() => site.close())

  const discover = (app: App, authentication: openid.ClientAuth): Promise<openid.Configuration> =>
    openid.discovery(new URL(site.url), app.id, undefined, authentication, { execute: [openid.allowInsecureRequests] })

  /** The whole sign-in, as the package's own documentation shows it. */
  async function signIn(
    config: openid.Configuration,
    app: App,
  ): Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers> {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()]
    const request = openid.buildAuthorizationUrl(config, {
      redirect_uri: app.redirectUri,
      scope: SCOPE,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    })
    const callback = await alice.allow(request.href)
    return openid.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true })
  }

  it.each(WAYS)('signs a person in, reads who they are, renews and revokes, with %s', async (_name, kind, authentication) => {
    const app = await registerApp(admin, { kind, scopes: SCOPE, require_pkce: 1 })
    const config = await discover(app, authentication(app.secret))
    // The package believes what came over TLS; told to, it checks the signature against the published keys.
    openid.enableNonRepudiationChecks(config)
    const tokens = await signIn(config, app)
    const claims = tokens.claims()
    expect(claims).toMatchObject({ iss: site.url, aud: app.id, email: ALICE.email, name: 'Alice Example' })

    const profile = await openid.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '')
    expect(profile).toMatchObject({ sub: claims?.sub, email: ALICE.email, given_name: 'Alice', family_name: 'Example' })

    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(renewed.scope).toBe(SCOPE)
    expect(renewed.expires_in).toBeGreaterThan(3500)
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token)
    expect((await openid.fetchUserInfo(config, renewed.access_token, claims?.sub ?? '')).sub).toBe(claims?.sub)

    await openid.tokenRevocation(config, renewed.refresh_token ?? '')
    await expect(openid.fetchUserInfo(config, renewed.access_token, claims?.sub ?? '')).rejects.toMatchObject({ status: 401 })
    await expect(openid.refreshTokenGrant(config, renewed.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it.each(WAYS.slice(0, 2))('is told what a token is for, until it is revoked, with %s', async (_name, kind, authentication) => {
    const app = await registerApp(admin, { kind, scopes: SCOPE })
    const config = await discover(app, authentication(app.secret))
    const tokens = await signIn(config, app)
    const before = await openid.tokenIntrospection(config, tokens.access_token)
    expect(before).toMatchObject({
      active: true,
      client_id: app.id,
      scope: SCOPE,
      iss: site.url,
      sub: tokens.claims()?.sub,
      token_type: 'Bearer',
    })
    expect(Number(before.exp) - Date.now() / 1000).toBeGreaterThan(3500)
    await openid.tokenRevocation(config, tokens.access_token)
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false })
  })

  it('is refused with a wrong secret, in the words of the RFC', async () => {
    const app = await registerApp(admin, { scopes: SCOPE })
    const byPost = signIn(await discover(app, openid.ClientSecretPost('wrong')), app)
    await expect(byPost).rejects.toMatchObject({ status: 401, error: 'invalid_client' })
    const byHeader = signIn(await discover(app, openid.ClientSecretBasic('wrong')), app)
    await expect(byHeader).rejects.toMatchObject({ status: 401, cause: [{ scheme: 'basic' }] })
  })

  it('refuses an answer that was meant for another sign-in', async () => {
    const app = await registerApp(admin, { scopes: SCOPE })
    const config = await discover(app, openid.ClientSecretPost(app.secret))
    const nonce = openid.randomNonce()
    const request = openid.buildAuthorizationUrl(config, { redirect_uri: app.redirectUri, scope: SCOPE, nonce })
    const callback = await alice.allow(request.href)
    const exchanged = openid.authorizationCodeGrant(config, callback, { expectedNonce: openid.randomNonce() })
    expect(await causeOf(exchanged)).toBe('unexpected ID Token "nonce" claim value')
  })

  it('refuses an id_token that none of the published keys has signed', async () => {
    const app = await registerApp(admin, { scopes: SCOPE })
    const config = await discover(app, openid.ClientSecretPost(app.secret))
    openid.enableNonRepudiationChecks(config)
    const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const stranger = await crypto.subtle.exportKey('jwk', publicKey)
    config[openid.customFetch] = async (url, options) => {
      const answer = await fetch(url, options as RequestInit)
      if (!url.endsWith('/jwks.json')) return answer
      const { keys } = (await answer.json()) as { keys: { kid: string }[] }
      return Response.json({ keys: keys.map(({ kid }) => ({ ...stranger, kid, use: 'sig', alg: 'ES256' })) })
    }
    expect(await causeOf(signIn(config, app))).toBe('JWT signature verification failed')
  })

  it('signs a person out, by the address it makes for that', async () => {
    const back = 'http://localhost:4100/bye'
    const app = await registerApp(admin, { scopes: SCOPE, post_logout_redirect_uris: back })
    const config = await discover(app, openid.ClientSecretPost(app.secret))
    const tokens = await signIn(config, app)
    const url = openid.buildEndSessionUrl(config, { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: back, state: 'xyz' })
    expect((await alice.get(url.href)).location?.href).toBe(`${back}?state=xyz`)
    expect((await alice.get('/app')).location?.pathname).toBe('/login')
    await alice.signIn(ALICE.email, ALICE.new_password)
  })

  it('finds in the published metadata an address for every endpoint it uses, all of this site', async () => {
    const app = await registerApp(admin, { scopes: SCOPE })
    const metadata = (await discover(app, openid.None())).serverMetadata()
    const endpoints = [
      metadata.authorization_endpoint,
      metadata.token_endpoint,
      metadata.userinfo_endpoint,
      metadata.revocation_endpoint,
      metadata.introspection_endpoint,
      metadata.jwks_uri,
      metadata.end_session_endpoint,
      metadata.device_authorization_endpoint,
    ]
    for (const endpoint of endpoints) expect(endpoint).toMatch(new RegExp(`^${site.url}/`))
    expect(metadata.supportsPKCE()).toBe(true)
    expect(metadata.id_token_signing_alg_values_supported).toEqual(['ES256'])
  })
})

/** What the package says of a failure, under the general words. */
const causeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: Error) => (error.cause as Error).message,
  )

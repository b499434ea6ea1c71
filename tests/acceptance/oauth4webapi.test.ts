import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', last_name: 'Example', new_password: 'Corr3ct-horse-alice' }
const SCOPE = 'openid profile email'
const http = { [oauth.allowInsecureRequests]: true }

describe.each(engines)('oauth4webapi, unchanged, on %s', (engine) => {
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

  /** Both kinds of metadata, each judged by the package. */
  async function discover(algorithm: 'oidc' | 'oauth2'): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(site.url)
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...http }))
  }

  /** From the authorization request to tokens, with every check that the package has. */
  async function signIn(as: oauth.AuthorizationServer, app: App, scope = SCOPE) {
    const client: oauth.Client = { client_id: app.id }
    const verifier = oauth.generateRandomCodeVerifier()
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
    const url = new URL(as.authorization_endpoint ?? '')
    url.search = new URLSearchParams({
      client_id: app.id,
      redirect_uri: app.redirectUri,
      response_type: 'code',
      scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      max_age: '3600',
    }).toString()
    // Takes the `iss` of RFC 9207 as needed, because the metadata announces it.
    const callback = oauth.validateAuthResponse(as, client, await alice.allow(url.href), state)
    const authentication = oauth.ClientSecretBasic(app.secret)
    const sent = await oauth.authorizationCodeGrantRequest(as, client, authentication, callback, app.redirectUri, verifier, http)
    const expected = { expectedNonce: nonce, maxAge: 3600, requireIdToken: true }
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, sent, expected)
    await oauth.validateApplicationLevelSignature(as, sent, http)
    return { client, authentication, tokens, claims: oauth.getValidatedIdTokenClaims(tokens) }
  }

  it.each(['oidc', 'oauth2'] as const)(
    'goes the whole way from %s metadata: sign-in, profile, refresh, introspection, revocation',
    async (kind) => {
      const as = await discover(kind)
      const app = await registerApp(admin, { scopes: SCOPE, require_pkce: 1 })
      const { client, authentication, tokens, claims } = await signIn(as, app)
      expect(claims).toMatchObject({ iss: site.url, aud: app.id, azp: app.id, email: ALICE.email })

      const profile = await oauth.userInfoRequest(as, client, tokens.access_token, http)
      const person = await oauth.processUserInfoResponse(as, client, claims?.sub ?? '', profile)
      expect(person).toMatchObject({ name: 'Alice Example', email: ALICE.email })

      const refreshed = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', http)
      const renewed = await oauth.processRefreshTokenResponse(as, client, refreshed)
      expect(renewed.access_token).not.toBe(tokens.access_token)

      const introspect = async (): Promise<oauth.IntrospectionResponse> =>
        oauth.processIntrospectionResponse(
          as,
          client,
          await oauth.introspectionRequest(as, client, authentication, renewed.access_token, http),
        )
      expect(await introspect()).toMatchObject({ active: true, client_id: app.id, scope: SCOPE })
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, renewed.access_token, http))
      expect(await introspect()).toEqual({ active: false })
    },
  )

  it('finds out from a refusal of the API where tokens come from, for the site and for a path of it', async () => {
    const refused = await fetch(`${site.url}/api/resource/User`)
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${site.url}/.well-known/oauth-protected-resource"`)
    for (const resource of [new URL(site.url), new URL(`${site.url}/api/resource`)]) {
      const answer = await oauth.resourceDiscoveryRequest(resource, http)
      const metadata = await oauth.processResourceDiscoveryResponse(resource, answer)
      expect(metadata.authorization_servers).toEqual([site.url])
    }
  })

  it('is told by the API of a token that is not good, in a challenge that it reads', async () => {
    const url = new URL(`${site.url}/api/resource/User`)
    const asked = oauth.protectedResourceRequest('at1_rubbish', 'GET', url, undefined, undefined, http)
    await expect(asked).rejects.toMatchObject({
      status: 401,
      cause: [
        { scheme: 'bearer', parameters: { error: 'invalid_token', resource_metadata: `${site.url}/.well-known/oauth-protected-resource` } },
      ],
    })
  })

  it('registers itself, when the policy lets it, and signs a person in with what it got', async () => {
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Open', registration_scopes: SCOPE })
    const as = await discover('oauth2')
    const redirectUri = 'https://app.example.com/cb'
    const metadata = {
      redirect_uris: [redirectUri],
      client_name: 'A Web App',
      scope: SCOPE,
      token_endpoint_auth_method: 'client_secret_basic',
    }
    const answer = await oauth.dynamicClientRegistrationRequest(as, metadata, http)
    const client = await oauth.processDynamicClientRegistrationResponse(answer)
    expect(client).toMatchObject({ client_name: 'A Web App', client_secret_expires_at: 0 })
    await admin.update('OAuth Client', client.client_id, { allowed_roles: [{ role: 'All' }] })
    const { claims } = await signIn(as, { id: client.client_id, secret: client['client_secret'] as string, redirectUri })
    expect(claims?.['email']).toBe(ALICE.email)
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Off' })
  })

  it('signs a person out with the id_token of their sign-in', async () => {
    const as = await discover('oidc')
    const back = 'http://localhost:4100/bye'
    const app = await registerApp(admin, { scopes: SCOPE, post_logout_redirect_uris: back })
    const { tokens } = await signIn(as, app)
    const url = new URL(as.end_session_endpoint ?? '')
    url.search = new URLSearchParams({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: back, state: 'xyz' }).toString()
    const answer = await alice.get(url.href)
    expect(answer.location?.href).toBe(`${back}?state=xyz`)
    expect((await alice.get('/app')).location?.pathname).toBe('/login')
    await alice.signIn(ALICE.email, ALICE.new_password)
  })
})

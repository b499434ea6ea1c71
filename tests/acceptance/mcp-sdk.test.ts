import { auth, extractWWWAuthenticateParams, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type { OAuthClientInformationMixed, OAuthClientMetadata, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const ALICE = {
  email: 'alice@example.com',
  first_name: 'Alice',
  new_password: 'Corr3ct-horse-alice',
  roles: [{ role: 'Desk User' }],
}
const REDIRECT = 'http://127.0.0.1:33418/callback'

describe.each(engines)("the MCP SDK's auth(), unchanged, on %s", (engine) => {
  let site: RunningSite
  let admin: Api
  let alice: Visitor
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', ALICE)
    await admin.update('OAuth Settings', 'OAuth Settings', {
      dynamic_registration: 'Open',
      registration_scopes: 'openid profile User:select',
    })
    alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
  })
  afterAll(() => site.close())

  it.each([
    ['the site', '', 'none'],
    ['a path of its API', '/api/method/frappe.auth.get_logged_user', 'none'],
    ['the site', '', 'client_secret_post'],
  ])('comes from a refusal of %s%s to tokens, and renews them, with %s', async (_what, path, method) => {
    const serverUrl = site.url + path
    const program = new Program(method)
    const refused = await fetch(`${site.url}/api/resource/User`)
    const { resourceMetadataUrl } = extractWWWAuthenticateParams(refused)
    expect(resourceMetadataUrl?.href).toBe(`${site.url}/.well-known/oauth-protected-resource`)

    expect(await auth(program, { serverUrl })).toBe('REDIRECT')
    expect(program.client).toMatchObject({ client_name: 'An MCP Client', token_endpoint_auth_method: method })
    expect(program.client).toHaveProperty(method === 'none' ? 'client_id' : 'client_secret')
    const query = program.redirected?.searchParams
    expect(query?.get('code_challenge_method')).toBe('S256')
    expect(query?.get('resource')).toBe(serverUrl)
    expect(query?.get('scope')).toBe('openid profile User:select')

    const callback = await alice.allow(program.redirected?.href ?? '')
    expect(`${callback.origin}${callback.pathname}`).toBe(REDIRECT)
    expect(callback.searchParams.get('iss')).toBe(site.url)
    const authorizationCode = callback.searchParams.get('code') ?? ''
    expect(await auth(program, { serverUrl, authorizationCode })).toBe('AUTHORIZED')
    const first = program.saved
    expect(await userOf(first)).toBe(ALICE.email)

    expect(await auth(program, { serverUrl })).toBe('AUTHORIZED')
    expect(program.saved?.access_token).not.toBe(first?.access_token)
    expect(await userOf(program.saved)).toBe(ALICE.email)
  })

  it('is told in a sentence when the policy is off', async () => {
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Off' })
    await expect(auth(new Program('none'), { serverUrl: site.url })).rejects.toThrow('does not support dynamic client registration')
    await admin.update('OAuth Settings', 'OAuth Settings', { dynamic_registration: 'Open' })
  })

  const userOf = async (tokens: OAuthTokens | undefined): Promise<unknown> =>
    (await Api.byToken(site.url, tokens?.access_token ?? '').get('frappe.auth.get_logged_user')).body['message']
})

/** What a program keeps for the SDK, in memory. */
class Program implements OAuthClientProvider {
  readonly #method: string
  client: OAuthClientInformationMixed | undefined
  saved: OAuthTokens | undefined
  redirected: URL | undefined
  #verifier = ''

  constructor(method: string) {
    this.#method = method
  }

  get redirectUrl(): string {
    return REDIRECT
  }

  get clientMetadata(): OAuthClientMetadata {
    return {
      client_name: 'An MCP Client',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: this.#method,
    }
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.client
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.client = client
  }

  tokens(): OAuthTokens | undefined {
    return this.saved
  }

  saveTokens(tokens: OAuthTokens): void {
    this.saved = tokens
  }

  redirectToAuthorization(url: URL): void {
    this.redirected = url
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }
}

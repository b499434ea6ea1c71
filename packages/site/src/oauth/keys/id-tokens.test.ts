import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ask } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

describe.each(engines)('an id_token on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/api/method/frappe.integrations.oauth2.openid_configuration',
  ])('%s names every endpoint', async (path) => {
    const { json } = await ask(provider, path)
    expect(json).toMatchObject({
      issuer: provider.base,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'userinfo_endpoint',
      'revocation_endpoint',
      'introspection_endpoint',
    ])
      expect(String(json[name])).toMatch(new RegExp(`^${provider.base}/`))
  })

  it('the resource says who gives tokens for it', async () => {
    expect((await ask(provider, '/.well-known/oauth-protected-resource')).json).toMatchObject({
      resource: provider.base,
      authorization_servers: [provider.base],
    })
  })
})

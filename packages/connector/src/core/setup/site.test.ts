import { describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { InvalidSignIn } from '../errors.ts'
import { siteOf, type Document } from './site.ts'

const issuer = 'https://erp.example.com'
const frappe = (base: string): Document => ({
  issuer: base,
  authorization_endpoint: base + OAUTH_PATHS.authorize,
  token_endpoint: base + OAUTH_PATHS.token,
  userinfo_endpoint: base + OAUTH_PATHS.profile,
})
const withKeys = (base: string): Document => ({
  ...frappe(base),
  introspection_endpoint: base + OAUTH_PATHS.introspect,
  end_session_endpoint: base + OAUTH_PATHS.endSession,
  jwks_uri: base + OAUTH_PATHS.jwks,
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  authorization_response_iss_parameter_supported: true,
})
const found = (documents: { server?: Document; openid?: Document; isDirect?: boolean }) =>
  siteOf({ issuer, server: undefined, openid: undefined, isDirect: false, ...documents })

describe('what a site is, by what it says', () => {
  test('one that publishes keys proves by them, tells who answers, and its introspection can be believed', () => {
    expect(found({ server: withKeys(issuer) })).toMatchObject({
      kind: 'annex',
      proof: { jwksUri: issuer + OAUTH_PATHS.jwks },
      oddIssuers: [],
      announcesIss: true,
      pkce: true,
      secretIn: 'body',
      trueIntrospection: true,
      endpoints: { endSession: issuer + OAUTH_PATHS.endSession, register: undefined },
    })
  })

  test('O14 a Frappe 15 that calls itself something else is spoken to at the address that was set, under its fixed paths', () => {
    const site = found({ openid: frappe('http://evil.example.com') })
    expect(site).toMatchObject({
      kind: 'frappe-15',
      issuer,
      proof: 'secret',
      oddIssuers: ['http://evil.example.com'],
      trueIntrospection: false,
    })
    expect(JSON.stringify(site.endpoints)).not.toContain('evil')
    expect(site.endpoints.token).toBe(issuer + OAUTH_PATHS.token)
  })

  test('a Frappe that has no address of its own names itself by nothing', () => {
    expect(found({ openid: frappe('') })).toMatchObject({ oddIssuers: [''], endpoints: { authorize: issuer + OAUTH_PATHS.authorize } })
  })

  test('a Frappe 16 writes into its tokens what its second document says, and may let apps register themselves', () => {
    const server = {
      ...frappe('http://erp.example.com'),
      registration_endpoint: `http://erp.example.com${OAUTH_PATHS.register}`,
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
    }
    expect(found({ server, openid: frappe('https://login.example.com/'), isDirect: true })).toMatchObject({
      kind: 'frappe-16',
      oddIssuers: ['http://erp.example.com', 'https://login.example.com/'],
      secretIn: 'header',
      endpoints: { register: issuer + OAUTH_PATHS.register },
    })
  })

  test('O10 one that announces nothing is taken for a Frappe 15', () => {
    expect(found({})).toMatchObject({ kind: 'frappe-15', proof: 'secret', oddIssuers: [], pkce: true, announcesIss: false })
  })

  test('one that lists its methods for PKCE without S256 knows none', () => {
    expect(found({ server: { ...withKeys(issuer), code_challenge_methods_supported: ['plain'] } }).pkce).toBe(false)
  })
})

describe('J05 a document is refused', () => {
  test.each<[string, Document]>([
    ['of another issuer, when it names keys', withKeys('https://evil.example.com')],
    [
      'of another issuer, when it names keys beside paths of Frappe on this host',
      { ...withKeys(issuer), issuer: 'https://evil.example.com' },
    ],
    [
      'of another issuer, when its paths are not Frappe’s',
      { ...frappe('https://evil.example.com'), token_endpoint: 'https://evil.example.com/token' },
    ],
    ['whose keys lie elsewhere', { ...withKeys(issuer), jwks_uri: 'http://169.254.169.254/keys' }],
    ['whose page for signing out lies elsewhere', { ...withKeys(issuer), end_session_endpoint: 'https://evil.example.com/out' }],
    ['whose endpoint is reached in clear', { ...withKeys(issuer), token_endpoint: issuer.replace('https', 'http') + OAUTH_PATHS.token }],
    ['without an endpoint for tokens', { ...withKeys(issuer), token_endpoint: undefined }],
  ])('%s', (_name, server) => {
    expect(() => found({ server })).toThrow(InvalidSignIn)
  })
})

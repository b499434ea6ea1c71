import { describe, expect, it } from 'vitest'
import { getsSecret, parseClientMetadata, type ClientMetadata } from './client-metadata.ts'

const rules = { grantTypes: ['authorization_code', 'refresh_token'], algorithms: ['ES256', 'RS256'] as const }
const URI = 'https://app.example.com/cb'
const parse = (values: Record<string, unknown>): ClientMetadata => parseClientMetadata({ redirect_uris: [URI], ...values }, rules)
const uris = (count: number): string[] => Array.from({ length: count }, (_, i) => `https://app.example.com/${i}`)
const fault = (code: string, message: string): object => expect.objectContaining({ code, status: 400, message }) as object

describe('The metadata of a program that registers itself', () => {
  it('has what the site can keep when it says nothing but where it is sent back to', () => {
    expect(parse({ client_id: 'chosen', jwks: {}, kind: 'service', unfenced: 1 })).toEqual({
      redirectUris: [URI],
      kind: 'web',
      authMethod: 'client_secret_basic',
      grantTypes: ['authorization_code', 'refresh_token'],
      name: undefined,
      scopes: undefined,
      homePage: undefined,
      logo: undefined,
      contacts: [],
      postLogoutRedirectUris: [],
      backchannelLogoutUri: undefined,
      alg: 'ES256',
    })
  })

  it('says all that it may say', () => {
    const full = {
      redirect_uris: [URI, 'http://127.0.0.1/cb'],
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_post',
      subject_type: 'public',
      response_types: ['code', 'code'],
      grant_types: ['authorization_code', 'authorization_code'],
      client_name: ' A Shop ',
      scope: ' openid  Item:read openid',
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo.png',
      tos_uri: 'https://app.example.com/tos',
      policy_uri: '',
      contacts: ['ann@example.com', 'bob@example.com'],
      post_logout_redirect_uris: ['https://app.example.com/out'],
      backchannel_logout_uri: 'https://app.example.com/backchannel',
      id_token_signed_response_alg: 'RS256',
    }
    expect(parse(full)).toEqual({
      redirectUris: full.redirect_uris,
      kind: 'web',
      authMethod: 'client_secret_post',
      grantTypes: ['authorization_code'],
      name: 'A Shop',
      scopes: ['openid', 'Item:read'],
      homePage: full.client_uri,
      logo: full.logo_uri,
      contacts: full.contacts,
      postLogoutRedirectUris: full.post_logout_redirect_uris,
      backchannelLogoutUri: full.backchannel_logout_uri,
      alg: 'RS256',
    })
  })

  it('may leave out by null, by nothing or by an empty list', () => {
    const nothing = { client_name: null, scope: '', client_uri: '', logo_uri: null, contacts: null, post_logout_redirect_uris: [] }
    expect(parse({ ...nothing, grant_types: [], response_types: null, backchannel_logout_uri: '' })).toEqual(parse({}))
    expect(parse({ client_name: ' ', scope: ' ' })).toEqual(parse({}))
  })

  it('may be as large as the site takes', () => {
    expect(parse({ redirect_uris: uris(20), post_logout_redirect_uris: uris(20) }).redirectUris).toHaveLength(20)
    expect(parse({ contacts: Array.from({ length: 10 }, () => 'x'.repeat(254)) }).contacts).toHaveLength(10)
    expect(parse({ client_uri: `https://app.example.com/${'x'.repeat(1976)}` }).homePage).toHaveLength(2000)
  })

  it.each<[values: Record<string, unknown>, kind: string, authMethod: string]>([
    [{}, 'web', 'client_secret_basic'],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, 'web', 'client_secret_basic'],
    [{ token_endpoint_auth_method: 'client_secret_post' }, 'web', 'client_secret_post'],
    [{ token_endpoint_auth_method: 'none' }, 'public', 'none'],
    [{ application_type: 'web', token_endpoint_auth_method: 'none' }, 'public', 'none'],
    [{ application_type: 'web' }, 'web', 'client_secret_basic'],
    [{ application_type: 'native' }, 'native', 'none'],
    [{ application_type: 'native', token_endpoint_auth_method: 'client_secret_post' }, 'native', 'none'],
    [{ token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/cb'] }, 'native', 'none'],
    [{ token_endpoint_auth_method: 'none', redirect_uris: ['com.example.app:/cb', 'http://localhost/cb'] }, 'native', 'none'],
    [{ token_endpoint_auth_method: 'none', redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] }, 'native', 'none'],
    [{ token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/cb', URI] }, 'public', 'none'],
    [{ application_type: 'web', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/cb'] }, 'public', 'none'],
    [{ redirect_uris: ['http://127.0.0.1/cb'] }, 'web', 'client_secret_basic'],
  ])('%j makes it %s, which proves itself by %s', (values, kind, authMethod) => {
    const metadata = parse(values)
    expect([metadata.kind, metadata.authMethod, getsSecret(metadata)]).toEqual([kind, authMethod, kind === 'web'])
  })

  const HTTPS = 'must be https; http is for 127.0.0.1, [::1], localhost and the hosts in ANNEX_HTTP_REDIRECT_HOSTS'
  const PRIVATE = 'has a private scheme, which only a client of the kind native may have'
  it.each<[values: Record<string, unknown>, message: string]>([
    [{ redirect_uris: undefined }, 'redirect_uris must name 1 to 20 addresses'],
    [{ redirect_uris: [] }, 'redirect_uris must name 1 to 20 addresses'],
    [{ redirect_uris: uris(21) }, 'redirect_uris must name 1 to 20 addresses'],
    [{ redirect_uris: URI }, 'redirect_uris must be a list of texts'],
    [{ redirect_uris: [URI, 7] }, 'redirect_uris must be a list of texts'],
    [{ redirect_uris: [URI, 'http://app.example.com/cb'] }, `The redirect URI http://app.example.com/cb ${HTTPS}`],
    [{ redirect_uris: ['com.example.app:/cb'] }, `The redirect URI com.example.app:/cb ${PRIVATE}`],
    [{ application_type: 'native', redirect_uris: ['mailto:cb'] }, 'The redirect URI mailto:cb must not have the scheme mailto:'],
    [{ redirect_uris: ['/cb'], token_endpoint_auth_method: 'none' }, 'The redirect URI /cb is not an absolute URL'],
    [
      { redirect_uris: ['https://app.example.com/"\\\u00e4'] },
      'The redirect URI https://app.example.com/??? holds a blank, a backslash, a control character or a letter outside ASCII; percent-encode it',
    ],
    [{ redirect_uris: [`https://${'x'.repeat(300)}#`] }, `The redirect URI https://${'x'.repeat(192)} must not have a fragment (#)`],
    [{ post_logout_redirect_uris: ['http://app.example.com/out'] }, `The post-logout redirect URI http://app.example.com/out ${HTTPS}`],
  ])('%j is refused as an invalid_redirect_uri', (values, message) => {
    expect(() => parse(values)).toThrow(fault('invalid_redirect_uri', message))
  })

  const basic = 'token_endpoint_auth_method must be client_secret_basic, client_secret_post or none'
  it.each<[values: Record<string, unknown>, message: string]>([
    [{ application_type: 'desktop' }, 'application_type must be web or native'],
    [{ application_type: '' }, 'application_type must be web or native'],
    [{ application_type: 7 }, 'application_type must be text'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, basic],
    [{ token_endpoint_auth_method: ['none'] }, 'token_endpoint_auth_method must be text'],
    [{ subject_type: 'pairwise' }, 'subject_type must be public'],
    [{ response_types: ['code', 'token'] }, 'response_types must be code alone'],
    [{ response_types: 'code' }, 'response_types must be a list of texts'],
    [{ userinfo_signed_response_alg: 'ES256' }, 'userinfo_signed_response_alg is not supported'],
    [{ id_token_encrypted_response_alg: 'RSA-OAEP' }, 'id_token_encrypted_response_alg is not supported'],
    [{ request_object_signing_alg: 'none' }, 'request_object_signing_alg is not supported'],
    [{ id_token_signed_response_alg: 'HS256' }, 'id_token_signed_response_alg must be ES256 or RS256'],
    [{ post_logout_redirect_uris: uris(21) }, 'post_logout_redirect_uris must name at most 20 addresses'],
    [{ post_logout_redirect_uris: [7] }, 'post_logout_redirect_uris must be a list of texts'],
    [{ grant_types: ['authorization_code', 'implicit'] }, 'grant_types may name authorization_code, refresh_token; not implicit'],
    [{ grant_types: ['pass"w\u00f6rd'] }, 'grant_types may name authorization_code, refresh_token; not pass?w?rd'],
    [{ grant_types: ['refresh_token'] }, 'grant_types must name authorization_code'],
    [{ grant_types: 'authorization_code' }, 'grant_types must be a list of texts'],
    [{ client_name: ['A'] }, 'client_name must be text'],
    [{ client_uri: 'http://app.example.com' }, 'client_uri must be an https address'],
    [{ client_uri: 'app.example.com' }, 'client_uri must be an https address'],
    [{ client_uri: `https://app.example.com/${'x'.repeat(1977)}` }, 'client_uri must be an https address'],
    [{ logo_uri: 'data:image/png,x' }, 'logo_uri must be an https address'],
    [{ tos_uri: 'javascript:alert(1)' }, 'tos_uri must be an https address'],
    [{ policy_uri: 'http://app.example.com' }, 'policy_uri must be an https address'],
    [{ policy_uri: 7 }, 'policy_uri must be text'],
    [{ backchannel_logout_uri: 'http://app.example.com/out' }, 'backchannel_logout_uri must be an https address'],
    [{ backchannel_logout_uri: 'https://app.example.com/out#x' }, 'backchannel_logout_uri must not have a fragment (#)'],
    [{ backchannel_logout_uri: 'https://me@app.example.com/out' }, 'backchannel_logout_uri must not name a user'],
    [{ contacts: uris(11) }, 'contacts may name 10 addresses of 254 characters'],
    [{ contacts: ['a', 'x'.repeat(255)] }, 'contacts may name 10 addresses of 254 characters'],
    [{ contacts: ['ann@example.com', 'a@x,b@x'] }, 'contacts must each be one e-mail address, such as ann@example.com'],
    [{ contacts: ['a@x\r\nBcc: b@x'] }, 'contacts must each be one e-mail address, such as ann@example.com'],
    [{ contacts: 'ann@example.com' }, 'contacts must be a list of texts'],
    [{ scope: ['openid'] }, 'scope must be text'],
  ])('%j is refused as invalid_client_metadata', (values, message) => {
    expect(() => parse(values)).toThrow(fault('invalid_client_metadata', message))
  })

  it.each([[undefined], [null], ['text'], [7], [[]], [[{ redirect_uris: [URI] }]]])('is one JSON object, and not %j', (json) => {
    expect(() => parseClientMetadata(json, rules)).toThrow(fault('invalid_client_metadata', 'Send the metadata as one JSON object'))
  })

  it('may ask for no algorithm that the site has no key for', () => {
    const alone = { ...rules, algorithms: ['ES256'] as const }
    expect(() => parseClientMetadata({ redirect_uris: [URI], id_token_signed_response_alg: 'RS256' }, alone)).toThrow(
      fault('invalid_client_metadata', 'id_token_signed_response_alg must be ES256'),
    )
  })
})

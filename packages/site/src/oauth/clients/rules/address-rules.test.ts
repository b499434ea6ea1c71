import { describe, expect, it } from 'vitest'
import { checkAddresses } from './address-rules.ts'

const HTTPS = 'must be https; http is for 127.0.0.1, [::1], localhost and the hosts in ANNEX_HTTP_REDIRECT_HOSTS'
const PRIVATE = 'has a private scheme, which only a client of the kind native may have'
const WRITTEN = 'must be written as a browser sends it: https://app.example.com, no path, no slash'

describe('The addresses of an app', () => {
  it.each<[values: Record<string, unknown>, sentence: string]>([
    [{ redirect_uris: 'http://a.example/cb' }, `The redirect URI http://a.example/cb ${HTTPS}`],
    [{ redirect_uris: 'https://a.example/ http://a.example/cb' }, `The redirect URI http://a.example/cb ${HTTPS}`],
    [{ default_redirect_uri: 'http://a.example/cb' }, `The redirect URI http://a.example/cb ${HTTPS}`],
    [{ redirect_uris: 'com.a:/cb' }, `The redirect URI com.a:/cb ${PRIVATE}`],
    [{ post_logout_redirect_uris: 'http://a.example/out' }, `The post-logout redirect URI http://a.example/out ${HTTPS}`],
    [{ kind: 'web', post_logout_redirect_uris: 'com.a:/out' }, `The post-logout redirect URI com.a:/out ${PRIVATE}`],
    [{ backchannel_logout_uri: 'http://a.example/out' }, `The back-channel logout URI http://a.example/out ${HTTPS}`],
    [{ kind: 'native', backchannel_logout_uri: 'com.a:/out' }, `The back-channel logout URI com.a:/out ${PRIVATE}`],
    [{ event_uri: ' http://a.example/events ' }, `The event URI http://a.example/events ${HTTPS}`],
    [{ kind: 'native', event_uri: 'com.a:/events' }, `The event URI com.a:/events ${PRIVATE}`],
    [
      { redirect_uris: `http://a.example/${'x'.repeat(300)}` },
      `The redirect URI ${`http://a.example/${'x'.repeat(300)}`.slice(0, 200)} ${HTTPS}`,
    ],
    [{ allowed_origins: 'https://a.example/' }, `The origin https://a.example/ ${WRITTEN}`],
    [{ allowed_origins: 'https://a.example https://A.example' }, `The origin https://A.example ${WRITTEN}`],
    [{ allowed_origins: 'a.example' }, `The origin a.example ${WRITTEN}`],
    [{ allowed_origins: 'x'.repeat(300) }, `The origin ${'x'.repeat(200)} ${WRITTEN}`],
    [{ allowed_origins: 'com.a://host' }, `The origin com.a://host ${WRITTEN}`],
    [{ allowed_origins: 'http://a.example' }, 'The origin http://a.example must be https; http is for 127.0.0.1, [::1] and localhost'],
    [{ allowed_origins: 'ftp://localhost' }, 'The origin ftp://localhost must be https; http is for 127.0.0.1, [::1] and localhost'],
    [
      { allowed_origins: `http://${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.${'a'.repeat(30)}.example` },
      `The origin ${`http://${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.${'a'.repeat(30)}.example`.slice(0, 200)} must be https; http is for 127.0.0.1, [::1] and localhost`,
    ],
    [{ allowed_origins: Array.from({ length: 51 }, (_, i) => `https://a${i}.example`).join(' ') }, 'Allowed Origins: name at most 50'],
    [{ client_uri: 'javascript:alert(1)' }, 'Home Page must be a whole address that begins with https://'],
    [{ client_uri: 'a.example' }, 'Home Page must be a whole address that begins with https://'],
    [{ logo_uri: 'data:image/png,x' }, 'Logo must be a whole address that begins with https://'],
    ...['a@x,b@x', 'a@x b@x', 'a@x;', 'a@x\r\nBcc: b@x', 'Ann\u0000', 'https://a.example/ a@x', 'a@x,b@x https://a.example/'].map(
      (contact): [Record<string, unknown>, string] => [
        { contact },
        'Contact must be one e-mail address, such as Ann <ann@example.com>, or a line of text without an @',
      ],
    ),
  ])('%j is refused in a sentence that names the address', (values, message) => {
    expect(() => checkAddresses(values, ['erp.lan'])).toThrow(expect.objectContaining({ excType: 'ValidationError', message }))
  })

  it.each<[values: Record<string, unknown>]>([
    [{}],
    [{ redirect_uris: null, default_redirect_uri: undefined, event_uri: 7, backchannel_logout_uri: ' ', client_uri: '', logo_uri: null }],
    [{ redirect_uris: 'http://erp.lan/cb', default_redirect_uri: 'http://127.0.0.1/cb', post_logout_redirect_uris: 'http://erp.lan/out' }],
    [{ kind: 'native', redirect_uris: 'com.a:/cb', post_logout_redirect_uris: 'com.a:/out' }],
    [{ event_uri: 'http://erp.lan/events', backchannel_logout_uri: 'http://erp.lan/out' }],
    [{ allowed_origins: Array.from({ length: 50 }, (_, i) => `https://a${i}.example`).join('\n') }],
    [{ allowed_origins: 'http://localhost:5173 http://127.0.0.1 http://[::1]:8080 https://a.example:8443' }],
    [{ contact: 'ann@example.com' }],
    [{ contact: 'Ann <ann@example.com>' }],
    [{ contact: 'https://social.example/@ann' }],
    [{ contact: 'The warehouse, extension 7' }],
    [{ client_uri: ' https://a.example/home ', logo_uri: 'http://a.example/logo.png' }],
  ])('%j are taken', (values) => {
    expect(() => checkAddresses(values, ['erp.lan'])).not.toThrow()
  })

  it('leaves a contact of an earlier release alone until it is changed', () => {
    expect(() => checkAddresses({ contact: 'a@x,b@x' }, [], { contact: 'a@x,b@x' })).not.toThrow()
    expect(() => checkAddresses({ contact: 'a@x,c@x' }, [], { contact: 'a@x,b@x' })).toThrow(/^Contact must be one/)
  })
})

import { describe, expect, it } from 'vitest'
import { redirectFault } from './redirect-uris.ts'

const web = { kind: 'web', httpHosts: ['erp.lan'] } as const
const native = { kind: 'native', httpHosts: [] } as const

describe('a redirect URI', () => {
  it.each([
    'https://app.example.com/cb',
    'https://app.example.com/cb?tenant=7',
    'http://127.0.0.1:9997/cb',
    'http://localhost/cb',
    'http://[::1]:8000/',
    'http://erp.lan/cb',
    'https://app.example.com',
  ])('may be %s', (uri) => {
    expect(redirectFault(uri, web)).toBeUndefined()
  })

  it.each(['com.example.app:/cb', 'com.example.app://cb', 'https://app.example.com/link'])('of a native client may be %s', (uri) => {
    expect(redirectFault(uri, native)).toBeUndefined()
  })

  it.each<[uri: string, fault: string]>([
    ['http://app.example.com/cb', 'must be https'],
    ['http://127.0.0.1.evil.com/cb', 'must be https'],
    ['https://app.example.com/cb#x', 'fragment'],
    ['https://good@evil.com/cb', 'must not name a user'],
    ['https://good\\@evil.com/cb', 'backslash'],
    ['https://app.example.com/\tcb', 'control character'],
    ['https://*.example.com/cb', 'wildcard'],
    ['https://app.example.com/a/../cb', '. or ..'],
    ['https://app.example.com/a/%2e%2E/cb', '. or ..'],
    ['https://app.example.com/cb?code=x', 'parameters code'],
    ['https://аpp.example.com/cb', 'outside ASCII'],
    ['javascript:alert(1)', 'scheme javascript:'],
    ['data:text/html,x', 'scheme data:'],
    ['file:///etc/passwd', 'scheme file:'],
    ['com.example.app:/cb', 'kind native'],
    ['/cb', 'not an absolute URL'],
    ['https:app.example.com/cb', 'not an absolute URL'],
    ['https:/app.example.com/cb', 'not an absolute URL'],
    ['https:///app.example.com/cb', 'not an absolute URL'],
    [`https://app.example.com/${'x'.repeat(2000)}`, 'longer than'],
  ])('may not be %s', (uri, fault) => {
    expect(redirectFault(uri, web)).toContain(fault)
  })

  it.each(['javascript:alert(1)', 'data:text/html,x', 'http://evil.example/cb'])('of a native client may not be %s either', (uri) => {
    expect(redirectFault(uri, native)).toBeDefined()
  })
})

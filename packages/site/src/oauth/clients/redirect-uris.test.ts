import { isLoopback } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { hostOf, isClaimed, isRegistered, redirectFault } from './redirect-uris.ts'

const web = { kind: 'web', httpHosts: ['erp.lan'] } as const
const native = { kind: 'native', httpHosts: [] } as const

/** What runs or shows something where it is opened, or belongs to no app. */
const PUBLIC_SCHEMES = [
  'about android-app app-settings blob callto chrome chrome-extension cid content data dav davs edge facetime file filesystem ftp ftps geo',
  'git gopher intent irc ircs itms itms-apps itms-services jar javascript ldap ldaps magnet mailto maps market mid mms mmsto moz-extension',
  'ms-appinstaller ms-excel ms-settings ms-word news nfs nntp rdp resource rtsp search-ms sftp shell sip sips skype smb sms smsto ssh tel',
  'telnet vbscript view-source vnc web webcal ws wss xmpp',
].flatMap((line) => line.split(' '))

describe('a redirect URI', () => {
  it.each([
    'https://app.example.com/cb',
    'https://app.example.com/cb?tenant=7',
    'http://127.0.0.1:9997/cb',
    'http://localhost/cb',
    'http://[::1]:8000/',
    'http://erp.lan/cb',
    'https://app.example.com',
    `https://app.example.com/${'x'.repeat(1976)}`,
    'https://app.example.com/a..b/.c/d./...',
    'https://app.example.com/cb?next=../up',
    'https://app.example.com/a@b',
    'https://app.example.com/cb?mail=a@b.example',
    'https://app.example.com?code_of=x',
    'http://erp.lan:8080/cb',
    'https://app.example.com/cb?next=https:',
    'https://[2001:0db8::1]/cb',
  ])('may be %s', (uri) => {
    expect(redirectFault(uri, web)).toBeUndefined()
  })

  it.each(['com.example.app:/cb', 'com.example.app://cb', 'https://app.example.com/link'])('of a native client may be %s', (uri) => {
    expect(redirectFault(uri, native)).toBeUndefined()
  })

  it.each<[uri: string, fault: string]>([
    ['http://app.example.com/cb', 'must be https; http is for 127.0.0.1, [::1], localhost and the hosts in ANNEX_HTTP_REDIRECT_HOSTS'],
    ['http://127.0.0.1.evil.com/cb', 'must be https'],
    ['https://app.example.com/cb#x', 'must not have a fragment (#)'],
    ['https://good@evil.com/cb', 'must not name a user'],
    ['https://good\\@evil.com/cb', 'holds a blank, a backslash, a control character or a letter outside ASCII; percent-encode it'],
    ['https://app.example.com/\tcb', 'control character'],
    ['https://*.example.com/cb', 'must not hold a wildcard; register each address'],
    ['https://app.example.com/a/../cb', 'must not hold . or .. in its path'],
    ['https://app.example.com/a/%2e%2E/cb', '. or ..'],
    ['https://app.example.com/cb?code=x', 'must not use the parameters code, state, error or iss, which the answer carries'],
    ['https://аpp.example.com/cb', 'outside ASCII'],
    ['javascript:alert(1)', 'must not have the scheme javascript:'],
    ['data:text/html,x', 'scheme data:'],
    ['file:///etc/passwd', 'scheme file:'],
    ['com.example.app:/cb', 'has a private scheme, which only a client of the kind native may have'],
    ['/cb', 'is not an absolute URL'],
    ['https:app.example.com/cb', 'not an absolute URL'],
    ['https:/app.example.com/cb', 'not an absolute URL'],
    ['https:///app.example.com/cb', 'not an absolute URL'],
    ['https:', 'is not an absolute URL'],
    ['https://', 'is not an absolute URL'],
    ['HTTPS:/app.example.com/cb', 'is not an absolute URL'],
    ['http:app.example.com/cb', 'is not an absolute URL'],
    ['https://app.example.com/c b', 'holds a blank'],
    ['https://app.example.com/c\u007fb', 'a control character'],
    ['https://app.example.com/*', 'wildcard'],
    ['https://me:pass@app.example.com/cb', 'must not name a user'],
    ['https://:pass@app.example.com/cb', 'must not name a user'],
    ['https://@app.example.com/cb', 'must not name a user'],
    ['https://:@app.example.com/cb', 'must not name a user'],
    ['https://app.example.com/cb?a=1&state=x', 'must not use the parameters'],
    ['https://app.example.com/cb?error', 'must not use the parameters'],
    ['https://app.example.com/cb?iss=', 'must not use the parameters'],
    ['https://app.example.com/.', '. or ..'],
    ['https://app.example.com/..', '. or ..'],
    ['https://app.example.com/./cb', '. or ..'],
    ['https://app.example.com/a/%2E', '. or ..'],
    ['https://app.example.com/a/.%2e?x=1', '. or ..'],
    ['com.example.app:../cb', '. or ..'],
    ['com.example.app:..', '. or ..'],
    ['com.example.app://cb/../x', '. or ..'],
    ['vbscript:x', 'must not have the scheme vbscript:'],
    ['mailto:cb', 'must not have the scheme mailto:'],
    ['tel:1', 'must not have the scheme tel:'],
    ['sms:1', 'must not have the scheme sms:'],
    ['intent:cb', 'must not have the scheme intent:'],
    ['market://details', 'must not have the scheme market:'],
    ['android-app://com.example.app/cb', 'must not have the scheme android-app:'],
    ['itms-services://x', 'must not have the scheme itms-services:'],
    ['chrome-extension://abc/cb', 'must not have the scheme chrome-extension:'],
    ['magnet:x', 'must not have the scheme magnet:'],
    ['http://127.0.0.1:0/cb', 'must not name port 0'],
    ['http://127.0.0.1:05000/cb', 'nor a port that begins with 0'],
    ['blob:https://app.example.com/x', 'must not have the scheme blob:'],
    ['about:blank', 'must not have the scheme about:'],
    ['ftp://app.example.com/cb', 'must not have the scheme ftp:'],
    ['ws://app.example.com/cb', 'must not have the scheme ws:'],
    ['wss://app.example.com/cb', 'must not have the scheme wss:'],
    ['view-source:https://app.example.com', 'must not have the scheme view-source:'],
    ['http://[::2]/cb', 'must be https'],
    ['http://127.example.com/cb', 'must be https'],
    ['http://localhost./cb', 'must be https'],
    ['http://app.localhost/cb', 'must be https'],
    ['http://erp.lan.evil.com/cb', 'must be https'],
    [`https://app.example.com/${'x'.repeat(2000)}`, 'is longer than 2000 characters'],
  ])('may not be %s', (uri, fault) => {
    expect(redirectFault(uri, web)).toContain(fault)
  })

  it.each(PUBLIC_SCHEMES)('of a native client may not have the scheme %s:', (scheme) => {
    for (const uri of [`${scheme}:cb`, `${scheme}://host/cb`, `${scheme.toUpperCase()}:cb`])
      expect(redirectFault(uri, native)).toBe(`must not have the scheme ${scheme}:`)
  })

  it.each(['javascript:alert(1)', 'data:text/html,x', 'http://evil.example/cb', 'http://erp.lan/cb', 'mailto:cb', 'intent:cb'])(
    'of a native client may not be %s either',
    (uri) => {
      expect(redirectFault(uri, native)).toBeDefined()
    },
  )
})

describe('whether a redirect URI is a registered one', () => {
  const uris = ['https://app.example.com/cb', 'http://127.0.0.1/cb', 'http://[::1]:9000/done', 'http://localhost/cb', 'http://127.0.0.1']
  it.each<[uri: string, web: boolean, native: boolean]>([
    ['https://app.example.com/cb', true, true],
    ['https://app.example.com/CB', false, false],
    ['https://app.example.com/cb/', false, false],
    ['https://app.example.com:8443/cb', false, false],
    ['http://127.0.0.1/cb', true, true],
    ['http://127.0.0.1:9/cb', false, true],
    ['http://127.0.0.1:65535/cb', false, true],
    ['http://127.0.0.1:65536/cb', false, false],
    ['http://127.0.0.1:123456/cb', false, false],
    ['http://127.0.0.1:/cb', false, false],
    ['http://127.0.0.1:0/cb', false, false],
    ['http://127.0.0.1:05000/cb', false, false],
    ['http://127.0.0.1:00/cb', false, false],
    ['http://127.0.0.1:9', false, true],
    ['http://127.0.0.1:9/', false, false],
    ['http://127.0.0.1:9/cb?x=1', false, false],
    ['http://127.0.0.1:9/cb#x', false, false],
    ['http://127.0.0.1:9/c\\b', false, false],
    ['http://127.0.0.1:9@evil.example/cb', false, false],
    ['http://127.0.0.1.evil.example/cb', false, false],
    ['xhttp://127.0.0.1:9/cb', false, false],
    ['https://127.0.0.1:9/cb', false, false],
    ['http://[::1]/done', false, true],
    ['http://[::1]:9/cb', false, false],
    ['http://localhost:9/cb', false, false],
  ])('%s: of a web app %s, of a native one %s', (uri, byWeb, byNative) => {
    expect(isRegistered(uri, { kind: 'web', redirectUris: uris })).toBe(byWeb)
    expect(isRegistered(uri, { kind: 'native', redirectUris: uris })).toBe(byNative)
  })
})

describe('what a person is shown of a redirect URI', () => {
  it.each<[uri: string, host: string]>([
    ['https://app.example.com/cb', 'app.example.com'],
    ['http://127.0.0.1:8080/cb', '127.0.0.1:8080'],
    ['com.example.app:/cb', 'com.example.app:'],
    ['com.example.app://cb', 'cb'],
    ['', ''],
  ])('%j is %j', (uri, host) => {
    expect(hostOf(uri)).toBe(host)
  })

  it.each<[uri: string, claimed: boolean, loopback: boolean]>([
    ['https://app.example.com/cb', true, false],
    ['http://127.0.0.1/cb', false, true],
    ['http://[::1]:9/cb', false, true],
    ['http://localhost/cb', false, true],
    ['com.example.app:/https://', false, false],
  ])('%s: nobody else receives it: %s; it stays on the machine: %s', (uri, claimed, loopback) => {
    expect([isClaimed(uri), isLoopback(new URL(uri).hostname)]).toEqual([claimed, loopback])
  })
})

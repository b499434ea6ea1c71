import { isLoopback } from '@annex/protocol'
import type { ClientKind } from './client.ts'

/** What a URL parser drops or turns round without a word: tab, line break, blank, backslash, other control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSAFE = /[\u0000-\u0020\\\u007f-\uffff]/
/**
 * Schemes that run or show something where they are opened, or that belong to no app: any may answer a call, a letter, a shop.
 *
 * Others may do without the dot that RFC 8252 section 8.4 would like: editors that register themselves have `cursor:` or `vscode:`, and PKCE
 * keeps the code from whoever else takes their scheme.
 */
const PUBLIC_SCHEMES: ReadonlySet<string> = new Set(
  [
    ['javascript', 'vbscript', 'data', 'file', 'filesystem', 'content', 'blob', 'about', 'view-source', 'resource', 'jar', 'cid', 'mid'],
    ['ftp', 'ftps', 'sftp', 'ws', 'wss', 'ssh', 'telnet', 'gopher', 'ldap', 'ldaps', 'nntp', 'news', 'irc', 'ircs', 'git', 'rtsp'],
    [
      'mailto',
      'tel',
      'sms',
      'smsto',
      'mms',
      'mmsto',
      'callto',
      'facetime',
      'sip',
      'sips',
      'xmpp',
      'skype',
      'geo',
      'maps',
      'webcal',
      'magnet',
    ],
    ['intent', 'android-app', 'market', 'itms', 'itms-apps', 'itms-services', 'app-settings', 'ms-settings', 'chrome', 'edge', 'search-ms'],
    [
      'chrome-extension',
      'moz-extension',
      'web',
      'ms-appinstaller',
      'ms-word',
      'ms-excel',
      'shell',
      'vnc',
      'rdp',
      'nfs',
      'smb',
      'dav',
      'davs',
    ],
  ].flatMap((schemes) => schemes.map((scheme) => `${scheme}:`)),
)

export interface RedirectRules {
  readonly kind: ClientKind
  /** Hosts besides loopback that may have http. */
  readonly httpHosts: readonly string[]
}

/**
 * Why a client may not register a redirect URI, as a sentence for its owner; undefined when it may.
 *
 * https, http on loopback, a private scheme of a native client, or http on a host that the site names.
 *
 * @see RFC 9700 section 4.1, RFC 8252 section 7
 */
export function redirectFault(uri: string, rules: RedirectRules): string | undefined {
  if (uri.length > 2000) return 'is longer than 2000 characters'
  if (UNSAFE.test(uri)) return 'holds a blank, a backslash, a control character or a letter outside ASCII; percent-encode it'
  if (uri.includes('#')) return 'must not have a fragment (#)'
  if (uri.includes('*')) return 'must not hold a wildcard; register each address'
  // Without the two slashes a parser takes the path for the host, and a browser on https takes it for a path of its own.
  if (!URL.canParse(uri) || /^https?:(?!\/\/[^/])/i.test(uri)) return 'is not an absolute URL'
  const url = new URL(uri)
  if (url.username !== '' || url.password !== '' || authorityOf(uri).includes('@')) return 'must not name a user'
  if (/:0\d*$/.test(authorityOf(uri))) return 'must not name port 0, nor a port that begins with 0'
  if (hasOwnParameters(url)) return 'must not use the parameters code, state, error or iss, which the answer carries'
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(pathOf(uri))) return 'must not hold . or .. in its path'
  return schemeFault(url, rules)
}

function schemeFault(url: URL, rules: RedirectRules): string | undefined {
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') {
    if (isLoopback(url.hostname) || rules.httpHosts.includes(url.hostname)) return undefined
    return 'must be https; http is for 127.0.0.1, [::1], localhost and the hosts in ANNEX_HTTP_REDIRECT_HOSTS'
  }
  if (PUBLIC_SCHEMES.has(url.protocol)) return `must not have the scheme ${url.protocol}`
  if (rules.kind !== 'native') return 'has a private scheme, which only a client of the kind native may have'
  return undefined
}

const hasOwnParameters = (url: URL): boolean => ['code', 'state', 'error', 'iss'].some((name) => url.searchParams.has(name))
const authorityOf = (uri: string): string => /^[^:]+:\/\/([^/?]*)/.exec(uri)?.[1] ?? ''
const pathOf = (uri: string): string => uri.replace(/^[^:]+:(\/\/[^/?]*)?/, '').split('?', 1)[0] ?? ''

/**
 * Whether a requested redirect URI is one of the registered: the same text, nothing less.
 * A native client's loopback address may have any port (RFC 8252 section 7.3).
 */
export function isRegistered(uri: string, client: { readonly kind: string; readonly redirectUris: readonly string[] }): boolean {
  if (client.redirectUris.includes(uri)) return true
  if (client.kind !== 'native') return false
  const withoutPort = stripPort(uri)
  return withoutPort !== undefined && client.redirectUris.some((registered) => stripPort(registered) === withoutPort)
}

/** An http address on a loopback IP without its port; names (`localhost`) do not count, they can be made to point elsewhere. */
function stripPort(uri: string): string | undefined {
  const found = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?(\/[^\s#\\]*)?$/.exec(uri)
  if (!found || Number(found[2] ?? 80) > 65_535) return undefined
  return `http://${found[1]}${found[3] ?? ''}`
}

/** Whether nobody but the app can receive what is sent there: its own https host. */
export const isClaimed = (uri: string): boolean => uri.startsWith('https://')

/** The host that a person is shown; the scheme of a private one; nothing of an app that nobody is sent back to. */
export function hostOf(uri: string): string {
  if (uri === '') return ''
  const url = new URL(uri)
  return url.host === '' ? url.protocol : url.host
}

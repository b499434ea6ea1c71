import { OAuthError } from '@annex/protocol'
import type { Principal } from '../../../policy/principal.ts'
import type { Client } from '../client.ts'

/** A redirect URI that the client did not register. What is registered stands in it, and not in its sentence. */
export class RedirectMismatch extends OAuthError {
  readonly uri: string
  readonly client: Client

  constructor(uri: string, client: Client) {
    super('invalid_request', 'Mismatching redirect URI.')
    this.uri = uri
    this.client = client
  }
}

/** The error with what differs, for the app's owner and for System Managers who are signed in; for all others as it is. */
export function explainMismatch(error: OAuthError, { user, roles, session }: Principal): OAuthError {
  if (!(error instanceof RedirectMismatch) || session === undefined) return error
  if (user !== error.client.owner && !roles.has('System Manager')) return error
  const miss = redirectMiss(error.uri, error.client)
  return miss === undefined ? error : new OAuthError(error.code, `${error.message} ${miss}`)
}

const MARKS: readonly (readonly [part: keyof Parts, words: string])[] = [
  ['scheme', 'the scheme'],
  ['user', 'the part before @'],
  ['host', 'the host'],
  ['port', 'the port'],
  ['path', 'the path'],
  ['query', 'the query'],
  ['fragment', 'the fragment'],
]

interface Parts {
  readonly scheme: string
  readonly user: string
  readonly host: string
  readonly port: string
  readonly path: string
  readonly query: string
  readonly fragment: string
}

/**
 * Says where a requested redirect URI first differs from the registered one that is nearest to it, for whoever
 * may know what is registered: the app's owner and System Managers, and nobody else.
 */
export function redirectMiss(uri: string, client: { readonly redirectUris: readonly string[] }): string | undefined {
  const [nearest] = client.redirectUris
    .filter((registered) => registered !== uri)
    .map((registered) => ({ registered, score: scoreOf(uri, registered) }))
    .toSorted((a, b) => b.score - a.score)
  return nearest && describe(uri, nearest.registered)
}

function describe(sent: string, registered: string): string {
  const at = differsAt(sent, registered)
  const [here, there] = [partsOf(sent), partsOf(registered)]
  const part = MARKS.find(([name]) => here[name] !== there[name])
  const where = `Nearest registered: ${quote(registered)}. The first difference is character ${at + 1}`
  return `${where}: ${shown(sent, at)} was sent where ${shown(registered, at)} is registered${part ? ` (${part[1]}${reason(here, there, part[0])})` : ''}.`
}

/** What the difference is, where it has a name. */
function reason(sent: Parts, registered: Parts, part: keyof Parts): string {
  if (sent[part].toLowerCase() === registered[part].toLowerCase()) return ': upper and lower case differ'
  if (part === 'path' && sent.path === `${registered.path}/`) return ': one slash too many at the end'
  if (part === 'path' && registered.path === `${sent.path}/`) return ': the slash at the end is missing'
  if (part === 'port' && registered.port === '') return ': none is registered'
  if (part === 'port' && sent.port === '') return `: ${registered.port} is missing`
  return ''
}

/** Split by hand: a parser would put right what we want to show. */
function partsOf(uri: string): Parts {
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] =
    /^([^:]*:)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(uri) ?? []
  const [, user = '', host = '', port = ''] = /^(.*@)?(\[[^\]]*\]|[^:]*)(:.*)?$/s.exec(authority) ?? []
  return { scheme, user, host, port, path, query, fragment }
}

/** Characters alike from the left and, of the rest, from the right. */
function scoreOf(a: string, b: string): number {
  const left = differsAt(a, b)
  const most = Math.min(a.length, b.length) - left
  let right = 0
  while (right < most && a[a.length - 1 - right] === b[b.length - 1 - right]) right += 1
  return left + right - Math.abs(a.length - b.length) / 1000
}

function differsAt(a: string, b: string): number {
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1
  return at
}

const quote = (text: string): string => `“${text.slice(0, 200)}”`
const shown = (text: string, at: number): string => (at < text.length ? quote(text[at] ?? '') : 'nothing')

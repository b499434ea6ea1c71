import { FrappeError, allowsScope, invalid, readScope, type DocType } from '@annex/protocol'
import { wordsOf } from './clients-store.ts'
import { redirectFault } from './redirect-uris.ts'

export interface ClientRules {
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly httpRedirectHosts: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const PAIRS: Readonly<Record<string, string>> = { 'Authorization Code': 'Code', Implicit: 'Token' }
const MAX_SCOPES = 100
const MAX_LEEWAY = 60

/**
 * Judges what an OAuth Client document says.
 *
 * @throws {FrappeError} `ValidationError`, naming what is wrong for the one who registers the app
 */
export function checkClient(client: Fields, rules: ClientRules): void {
  checkTypes(client)
  checkRedirects(client, rules)
  checkScopes(client, rules)
  const leeway = Number(client['rotation_leeway'] ?? 0)
  if (!(leeway >= 0 && leeway <= MAX_LEEWAY)) throw invalid(`Rotation Leeway must be 0 to ${MAX_LEEWAY} seconds`)
}

export const kindOf = (client: Fields): 'web' | 'public' | 'native' =>
  client['kind'] === 'public' || client['kind'] === 'native' ? client['kind'] : 'web'

function checkTypes(client: Fields): void {
  const grant = textOf(client['grant_type']) || 'Authorization Code'
  const response = textOf(client['response_type']) || 'Code'
  if (PAIRS[grant] !== undefined && PAIRS[grant] !== response)
    throw invalid(`Combination of Grant Type (${grant}) and Response Type (${response}) not allowed`)
}

function checkRedirects(client: Fields, rules: ClientRules): void {
  const kind = kindOf(client)
  const fallback = textOf(client['default_redirect_uri'])
  for (const uri of [...wordsOf(client['redirect_uris']), ...(fallback === '' ? [] : [fallback])]) {
    const fault = redirectFault(uri, { kind, httpHosts: rules.httpRedirectHosts })
    if (fault !== undefined) throw invalid(`The redirect URI ${uri.slice(0, 200)} ${fault}`)
  }
}

function checkScopes(client: Fields, { doctypeOf }: ClientRules): void {
  const scopes = wordsOf(client['scopes'])
  if (scopes.length === 0)
    throw new FrappeError('MandatoryError', 'Scopes: name what the app may ask for, such as openid or Sales.Invoice:read')
  if (scopes.length > MAX_SCOPES) throw invalid(`Scopes: name at most ${MAX_SCOPES}`)
  for (const scope of scopes) checkScope(scope, doctypeOf)
  for (const field of ['required_scopes', 'optional_scopes']) {
    const stray = wordsOf(client[field]).find((scope) => readScope(scope) === undefined || !allowsScope(scopes, scope))
    if (stray !== undefined) throw invalid(`${stray.slice(0, 100)} in ${field} is not among the scopes that the app may ask for`)
  }
}

function checkScope(token: string, doctypeOf: ClientRules['doctypeOf']): void {
  // `Item:*` stands for every right on Item: judged as one of them.
  const scope = readScope(token.endsWith(':*') ? `${token.slice(0, -1)}read` : token)
  if (!scope) throw invalid(`${token.slice(0, 100)} is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read`)
  if (scope.kind === 'document' && scope.doctype !== '*' && !doctypeOf(scope.doctype))
    throw invalid(`The scope ${token} names the DocType ${scope.doctype}, which this site has not`)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

import fc from 'fast-check'
import { OAUTH_PATHS } from '@annex/protocol'
import { oddField, oddFields, oddFilters, oddText, oddValue, WORDS } from './odd-values.ts'
import type { RawRequest } from './raw-http.ts'

/** Credentials by name; `guest` has none. */
export type Callers = Readonly<Record<string, readonly (readonly [name: string, value: string])[]>>

type Arguments = Readonly<Record<string, unknown>>

const either = fc.oneof.bind(fc) as typeof fc.oneof
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 3 })

const listArguments: fc.Arbitrary<Arguments> = fc.record(
  {
    fields: oddFields,
    filters: oddFilters,
    or_filters: oddFilters,
    order_by: either(oddField, fc.tuple(oddField, fc.constantFrom('asc', 'desc', 'ASC, name')).map((parts) => parts.join(' '))),
    group_by: oddField,
    limit_start: oddValue,
    limit_page_length: oddValue,
    limit: oddValue,
    parent: oddText,
    as_dict: oddValue,
    distinct: oddValue,
  },
  { requiredKeys: [] },
)

const searchArguments: fc.Arbitrary<Arguments> = fc.record(
  { doctype: oddText, txt: oddText, filters: oddFilters, page_length: oddValue, start: oddValue, reference_doctype: oddText, searchfield: oddText, as_dict: oddValue },
  { requiredKeys: [] },
)

/** A document of the DocType Odd, or of another, whose values are of the wrong kind. */
const documentArguments: fc.Arbitrary<Arguments> = either(
  fc.dictionary(fc.constantFrom(...WORDS), oddValue, { maxKeys: 6, noNullPrototype: true }),
  fc.record({ code: oddText, rows: fc.array(fc.dictionary(fc.constantFrom(...WORDS), oddValue, { maxKeys: 4, noNullPrototype: true }), { maxLength: 3 }), amount: oddValue }, { requiredKeys: ['code'] }),
  fc.record({ name: oddText, module: oddText, autoname: oddText, fields: fc.array(fc.record({ fieldname: oddText, fieldtype: either(fc.constantFrom('Data', 'Link', 'Table', 'Select', 'Int', 'Password'), oddText), options: oddText, permlevel: oddValue, length: oddValue, default: oddValue }, { requiredKeys: ['fieldname'] }), { maxLength: 4 }), permissions: oddValue }, { requiredKeys: ['name'] }),
  fc.record({ data: oddValue }),
)

const OAUTH_NAMES = ['grant_type', 'code', 'redirect_uri', 'client_id', 'client_secret', 'refresh_token', 'scope', 'token', 'token_type_hint', 'code_verifier', 'code_challenge', 'code_challenge_method', 'response_type', 'response_mode', 'state', 'nonce', 'prompt', 'max_age', 'id_token_hint', 'request', 'request_uri', 'resource', 'id', 'decision', 'client_assertion', 'signed_in_after']
const OAUTH_WORDS = ['authorization_code', 'refresh_token', 'code', 'S256', 'plain', 'openid', 'openid all', 'none', 'login', 'CLIENT', 'SECRET', 'https://app.example/callback', 'access_token', 'Bearer']
const oauthArguments: fc.Arbitrary<Arguments> = fc.dictionary(fc.constantFrom(...OAUTH_NAMES), either({ weight: 3, arbitrary: fc.constantFrom(...OAUTH_WORDS) }, { weight: 2, arbitrary: oddText }, { weight: 1, arbitrary: oddValue }), { maxKeys: 8, noNullPrototype: true })

const formArguments: fc.Arbitrary<Arguments> = fc.dictionary(
  fc.constantFrom('usr', 'pwd', 'redirect-to', 'app_name', 'redirect_uris', 'default_redirect_uri', 'scopes', 'kind', 'grant', 'csrf_token', 'id', 'scope', 'user', 'cmd', 'again'),
  oddText,
  { maxKeys: 5, noNullPrototype: true },
)

/** A part of a path: as it must be written, or as it comes. */
const pathPart: fc.Arbitrary<string> = either(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS).map(encodeURIComponent) },
  { weight: 3, arbitrary: oddText.map((text) => encodeURIComponent(text.toWellFormed())) },
  { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%00', '%2F', '%2e%2e', '%ff', '%c0%af', '..', '.', '', 'a%20b', '%F0%9F', 'x'.repeat(1990), 'x'.repeat(2010), 'x'.repeat(20_000), 'é', '[', '{', '"', '\\') },
)

const METHODS = ['ping', 'frappe.auth.get_logged_user', 'frappe.client.get_count', 'frappe.desk.search.search_link', 'frappe.desk.search.search_widget', 'frappe.core.doctype.user.user.generate_keys', 'login', 'frappe.client.get_list', 'constructor']
const PAGES = ['/', '/app', '/login', '/logout', '/me', '/my-apps', '/connected-apps', '/connected-apps/new', '/connected-apps/CLIENT', '/connected-apps/CLIENT/retire', '/connected-apps/nope/rotate-secret', '/nope', '/.well-known/jwks.json', '/.well-known/nope', '/api', '/api/v2/document/User', '/api/resource', '/api/resource/', '//', '/%']

const place: fc.Arbitrary<{ path: string; args: fc.Arbitrary<Arguments> }> = either(
  { weight: 4, arbitrary: either(fc.constant('Odd'), pathPart).map((doctype) => ({ path: `/api/resource/${doctype}`, args: either(listArguments, documentArguments) })) },
  { weight: 4, arbitrary: fc.tuple(either(fc.constant('Odd'), pathPart), pathPart).map((parts) => ({ path: `/api/resource/${parts.join('/')}`, args: documentArguments })) },
  { weight: 4, arbitrary: either(fc.constantFrom(...METHODS), pathPart).map((method) => ({ path: `/api/method/${method}`, args: either(searchArguments, listArguments, formArguments) })) },
  { weight: 3, arbitrary: fc.constantFrom(...Object.values(OAUTH_PATHS)).map((path) => ({ path, args: oauthArguments })) },
  { weight: 2, arbitrary: fc.constantFrom(...PAGES).map((path) => ({ path, args: formArguments })) },
)

const ACCEPTS = ['application/json', 'text/html', '*/*', '', 'text/plain;q=0.1', '\u00ff', 'x'.repeat(3000)]
const AUTHORIZATIONS = ['Bearer x', 'Bearer', 'bearer  ', 'Basic !!!', `Basic ${Buffer.from('a:b').toString('base64')}`, `Basic ${Buffer.from('CLIENT:\0').toString('base64')}`, 'token a:b', 'token :', 'token', 'Digest x', '', `Bearer ${'x'.repeat(5000)}`, 'token \u00e9:\u00e9']
const COOKIES = ['sid=x', 'sid=%', 'sid=%00', 'sid=', '=', ';;;', 'sid=Guest', `sid=${'x'.repeat(3000)}`, 'sid="x"; sid=y', '__proto__=x']
const header = (name: string, values: readonly string[]): fc.Arbitrary<readonly [string, string] | undefined> => maybe(fc.constantFrom(...values).map((value) => [name, value] as const))
const oddHeaders = fc
  .tuple(
    header('accept', ACCEPTS),
    header('x-requested-with', ['XMLHttpRequest']),
    header('origin', ['null', 'https://evil.example', 'x']),
    header('sec-fetch-site', ['cross-site', 'same-origin', 'x']),
    header('cookie', COOKIES),
    header('x-frappe-csrf-token', ['', 'x']),
    header('x-forwarded-for', ['::1', 'x', '1.2.3.4, 5']),
    header('content-encoding', ['gzip', 'x']),
    header('x-http-method-override', ['DELETE']),
    header('expect', ['x']),
    header('if-none-match', ['*']),
    header('x-odd', ['x'.repeat(20_000), '\u0001', 'é']),
  )
  .map((headers) => headers.filter((entry) => entry !== undefined))

type Sent = Pick<RawRequest, 'body' | 'headers'> & { readonly query: string }

const NOTHING = Buffer.alloc(0)
const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed()
const pairsOf = (args: Arguments): URLSearchParams => new URLSearchParams(Object.entries(args).map(([name, value]) => [name.toWellFormed(), asText(value)]))

/** The arguments in every place that a request has for them, and in some that it has not. */
const sent = (args: Arguments): fc.Arbitrary<Sent> =>
  either(
    { weight: 4, arbitrary: fc.constant({ query: `?${pairsOf(args)}`, headers: [], body: NOTHING }) },
    { weight: 4, arbitrary: fc.constant({ query: '', headers: [['content-type', 'application/json'] as const], body: Buffer.from(JSON.stringify(args)) }) },
    { weight: 2, arbitrary: fc.constant({ query: '', headers: [['content-type', 'application/x-www-form-urlencoded'] as const], body: Buffer.from(String(pairsOf(args))) }) },
    { weight: 1, arbitrary: fc.constant({ query: `?${pairsOf(args)}`, headers: [['content-type', 'multipart/form-data; boundary=b'] as const], body: multipart(args) }) },
    { weight: 1, arbitrary: oddValue.map((value) => ({ query: '', headers: [['content-type', 'application/json'] as const], body: Buffer.from(JSON.stringify(value) ?? '') })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'multipart/form-data', 'multipart/form-data; boundary=', 'text/xml', '', 'x/y; z', 'application/json; charset=utf-16'), either(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(Buffer.from('['.repeat(5000)), Buffer.from('{"a":'.repeat(2000)), Buffer.from('{"__proto__":{"x":1}}'), Buffer.from('\ufeff{}'), Buffer.from('{"a":1}{"b":2}'), Buffer.from(`{"a":${'9'.repeat(400)}}`), Buffer.from('%ff=%zz&&&==='))))
        .map(([type, bytes]) => ({ query: '?%=%&a[]=1&a[]=2&%00=x', headers: [['content-type', type] as const], body: Buffer.from(bytes) })),
    },
  )

function multipart(args: Arguments): Buffer {
  const parts = Object.entries(args).map(([name, value]) => `--b\r\ncontent-disposition: form-data; name="${name.replaceAll(/["\r\n]/g, '').toWellFormed()}"\r\n\r\n${asText(value)}\r\n`)
  return Buffer.from(`${parts.join('')}--b--\r\n`)
}

/** One request, by somebody, that is more or less wrong. `client` stands where the word CLIENT does. */
export function oddRequest(callers: Callers, client: { readonly id: string; readonly secret: string }): fc.Arbitrary<RawRequest> {
  const known = (text: string): string => text.replaceAll('CLIENT', client.id).replaceAll('SECRET', client.secret)
  return fc
    .tuple(fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'BREW'), place, fc.constantFrom(...Object.keys(callers)), maybe(fc.constantFrom(...AUTHORIZATIONS)), oddHeaders)
    .chain(([method, { path, args }, caller, authorization, odd]) =>
      args.chain(sent).map(({ query, headers, body }) => {
        const credentials = authorization === undefined ? (callers[caller] ?? []) : [['authorization', authorization] as const]
        const text = body.toString('latin1')
        return { method, target: known(path + query), headers: [...headers, ...credentials, ...odd], body: text.includes('CLIENT') ? Buffer.from(known(text), 'latin1') : body }
      }),
    )
}

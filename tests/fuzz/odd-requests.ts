import fc from 'fast-check'
import { OAUTH_PATHS } from '@annex/protocol'
import { documentArguments, formArguments, listArguments, methodArguments, oauthArguments, type Arguments } from './odd-arguments.ts'
import { oddText, oddValue, WORDS } from './odd-values.ts'
import type { RawRequest } from './raw-http.ts'

type Header = readonly [name: string, value: string]

/** Who asks, and with what. */
export interface World {
  /** Header lines by name: a System Manager, somebody without rights, an app by token, a browser's session. */
  readonly callers: Readonly<Record<'manager' | 'nobody' | 'token' | 'session', readonly Header[]>>
  readonly client: { readonly id: string; readonly secret: string }
  /** Of the session, as its forms carry it. */
  readonly csrf: string
}

type Asked = readonly [method: string, path: string, args: fc.Arbitrary<Arguments>]

const DOCTYPES = Object.keys(documentArguments)
const NAMES = ['O-1', 'O-2', 'nobody@example.com', 'All', 'Guest', 'Odd Row', 'nope', 'CLIENT', ...WORDS]
const METHODS = [
  'ping',
  'frappe.auth.get_logged_user',
  'frappe.client.get_count',
  'frappe.desk.search.search_link',
  'frappe.desk.search.search_widget',
  'frappe.core.doctype.user.user.generate_keys',
  'login',
  'nope',
  'constructor',
]
const PAGES = [
  '/',
  '/app',
  '/login',
  '/me',
  '/my-apps',
  '/connected-apps',
  '/connected-apps/new',
  '/connected-apps/CLIENT',
  '/connected-apps/nope',
  '/connected-apps/nope/rotate-secret',
  '/connected-apps/nope/retire',
  '/nope',
  '/.well-known/jwks.json',
  '/.well-known/nope',
  '/api',
  '/api/v2/document/User',
  '/api/resource',
  '/api/resource/',
]

const documents = (doctype: string): string => `/api/resource/${encodeURIComponent(doctype)}`
/** A document that is there, or a name like any. */
const EXISTING: Readonly<Record<string, string>> = {
  Odd: 'O-1',
  DocType: 'Odd Row',
  User: 'nobody@example.com',
  Role: 'Clerk',
  'OAuth Client': 'CLIENT',
}
const nameOf = (doctype: string): fc.Arbitrary<string> =>
  fc
    .oneof(
      { weight: 3, arbitrary: fc.constant(EXISTING[doctype] ?? 'O-2') },
      { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
      { weight: 1, arbitrary: oddText },
    )
    .map((name) => encodeURIComponent(name.toWellFormed()))
const document = fc.constantFrom(...DOCTYPES).chain((doctype) => nameOf(doctype).map((name) => [doctype, name] as const))

/** Places by what is behind them, each asked with arguments that come close to good ones. */
const asked: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .oneof(fc.constant('Odd'), fc.constantFrom(...DOCTYPES))
      .map((doctype): Asked => ['GET', documents(doctype), listArguments]),
  },
  { weight: 4, arbitrary: fc.constantFrom(...DOCTYPES).map((doctype): Asked => ['POST', documents(doctype), documentArguments[doctype]!]) },
  { weight: 3, arbitrary: document.map(([doctype, name]): Asked => ['PUT', `${documents(doctype)}/${name}`, documentArguments[doctype]!]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('GET', 'GET', 'GET', 'DELETE'), document)
      .map(([method, [doctype, name]]): Asked => [method, `${documents(doctype)}/${name}`, fc.constant({})]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('GET', 'POST'), fc.constantFrom(...METHODS))
      .map(([method, name]): Asked => [method, `/api/method/${name}`, methodArguments]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('GET', 'POST'), fc.constantFrom(...Object.values(OAUTH_PATHS)))
      .map(([method, path]): Asked => [method, path, oauthArguments]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('GET', 'POST'), fc.constantFrom(...PAGES))
      .map(([method, path]): Asked => [method, path, formArguments]),
  },
)

type Sent = Pick<RawRequest, 'body' | 'headers'> & { readonly query: string }

const NOTHING = Buffer.alloc(0)
const FORM = ['content-type', 'application/x-www-form-urlencoded'] as const
const JSON_TYPE = ['content-type', 'application/json'] as const
const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed()
const pairsOf = (args: Arguments): string =>
  String(new URLSearchParams(Object.entries(args).map(([name, value]) => [name.toWellFormed(), asText(value)])))

/** The arguments in a place where a request has them. */
function sent(method: string, args: Arguments): fc.Arbitrary<Sent> {
  const inQuery = fc.constant({ query: `?${pairsOf(args)}`, headers: [], body: NOTHING })
  const inForm = fc.constant({ query: '', headers: [FORM], body: Buffer.from(pairsOf(args)) })
  const inJson = fc.constant({ query: '', headers: [JSON_TYPE], body: Buffer.from(JSON.stringify(args)) })
  const inParts = fc.constant({ query: '', headers: [['content-type', 'multipart/form-data; boundary=b'] as const], body: multipart(args) })
  return method === 'GET'
    ? fc.oneof({ weight: 3, arbitrary: inQuery }, inJson, inForm)
    : fc.oneof({ weight: 4, arbitrary: inJson }, { weight: 3, arbitrary: inForm }, inQuery, inParts)
}

function multipart(args: Arguments): Buffer {
  const parts = Object.entries(args).map(
    ([name, value]) =>
      `--b\r\ncontent-disposition: form-data; name="${name.replaceAll(/["\r\n]/g, '').toWellFormed()}"\r\n\r\n${asText(value)}\r\n`,
  )
  return Buffer.from(`${parts.join('')}--b--\r\n`)
}

/** A request in good form, by somebody who is known, with values that are more or less wrong. */
export function oddRequest(world: World): fc.Arbitrary<RawRequest> {
  const caller = fc.oneof(
    { weight: 5, arbitrary: fc.constant('manager' as const) },
    { weight: 2, arbitrary: fc.constantFrom('nobody', 'token', 'session') },
  )
  return fc.tuple(asked, caller).chain(([[method, path, args], name]) =>
    args.chain((values) => {
      const isPage = !path.startsWith('/api/')
      const own = name === 'session' && method !== 'GET' ? { ...values, csrf_token: world.csrf } : values
      const credentials = world.callers[isPage || path.startsWith(OAUTH_PATHS.authorize) ? 'session' : name]
      const full = isPage && method === 'POST' ? { ...own, csrf_token: world.csrf } : own
      return sent(method, full).map(({ query, headers, body }) => ({
        method,
        target: known(world, path + query),
        headers: [...headers, ...(authenticatesClient(path) ? [] : credentials)],
        body: Buffer.from(known(world, body.toString('latin1')), 'latin1'),
      }))
    }),
  )
}

/** There a header of a user's would be a client's. */
const authenticatesClient = (path: string): boolean =>
  ([OAUTH_PATHS.token, OAUTH_PATHS.revoke, OAUTH_PATHS.introspect] as string[]).includes(path)

const known = ({ client }: World, text: string): string => text.replaceAll('CLIENT', client.id).replaceAll('SECRET', client.secret)

const PARTS = [
  '%',
  '%zz',
  '%00',
  '%2F',
  '%2e%2e',
  '%ff',
  '%c0%af',
  '..',
  '.',
  '',
  'a%20b',
  '%F0%9F',
  'x'.repeat(1990),
  'x'.repeat(2010),
  'x'.repeat(14_000),
  'é',
  '[',
  '{',
  '"',
  '\\',
  ' ',
  '\u0001',
]
const oddPath = fc
  .tuple(
    fc.constantFrom('/api/resource/', '/api/resource/Odd/', '/api/method/', '/connected-apps/', '/', '//', '/api/resource/Odd/a/', ''),
    fc.constantFrom(...PARTS),
    fc.constantFrom('', '/', '/x', '?', '?%', '?a[]=1&a[]=2', '?%00=x', '?fields=%ff', '#x'),
  )
  .map((parts) => parts.join(''))
const oddHeader: fc.Arbitrary<Header> = fc.oneof(
  fc
    .constantFrom('application/json', 'text/html', '*/*', '', 'text/plain;q=0.1', 'ÿ', 'x'.repeat(3000))
    .map((value) => ['accept', value] as const),
  fc
    .constantFrom(
      'Bearer x',
      'Bearer',
      'bearer  ',
      'Basic !!!',
      'Basic YTpi',
      'Basic Og==',
      'token a:b',
      'token :',
      'token',
      'Digest x',
      '',
      `Bearer ${'x'.repeat(5000)}`,
      'token é:é',
    )
    .map((value) => ['authorization', value] as const),
  fc
    .constantFrom('sid=x', 'sid=%', 'sid=%00', 'sid=', '=', ';;;', 'sid=Guest', `sid=${'x'.repeat(3000)}`, 'sid="x"; sid=y', '__proto__=x')
    .map((value) => ['cookie', value] as const),
  fc.constantFrom<Header>(
    ['x-requested-with', 'XMLHttpRequest'],
    ['origin', 'null'],
    ['origin', 'https://evil.example'],
    ['sec-fetch-site', 'cross-site'],
    ['x-frappe-csrf-token', 'x'],
    ['x-forwarded-for', 'x, y'],
    ['content-encoding', 'gzip'],
    ['x-http-method-override', 'DELETE'],
    ['expect', 'x'],
    ['if-none-match', '*'],
    ['x-odd', 'x'.repeat(20_000)],
    ['x-odd', '\u0001'],
    ['content-length', 'x'],
    ['transfer-encoding', 'x'],
    ['host', 'other'],
    ['no colon', ''],
  ),
)
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'text/xml',
  '',
  'x/y; z',
  'application/json; charset=utf-16',
  '/',
  'application/vnd.api+json',
]
const BODIES = [
  '',
  '['.repeat(5000),
  '{"a":'.repeat(2000),
  '{"__proto__":{"x":1}}',
  '\ufeff{}',
  '{"a":1}{"b":2}',
  `{"a":${'9'.repeat(400)}}`,
  '%ff=%zz&&&===',
  'null',
  '1',
  '"text"',
  'a'.repeat(100_000),
  '--\r\n--b--',
  '{"data":"[[]]"}',
  '[{"code":"x"}]',
]

/** A request that is wrong before its arguments are: its address, its headers, its body. */
export function oddWire(world: World): fc.Arbitrary<RawRequest> {
  const body = fc.oneof(
    fc.constantFrom(...BODIES).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    oddValue.map((value) => Buffer.from(JSON.stringify(value))),
  )
  const path = fc.oneof(
    { weight: 2, arbitrary: oddPath },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '/api/resource/Odd',
        '/api/resource/Odd/O-1',
        ...METHODS.map((name) => `/api/method/${name}`),
        ...Object.values(OAUTH_PATHS),
        ...PAGES,
      ),
    },
  )
  const method = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('GET', 'POST', 'PUT') },
    { weight: 2, arbitrary: fc.constantFrom('DELETE', 'PATCH', 'HEAD', 'OPTIONS') },
    { weight: 1, arbitrary: fc.constantFrom('BREW', 'get', 'TRACE', 'PROPFIND', 'CONNECT') },
  )
  return fc
    .tuple(method, path, fc.constantFrom(...TYPES), body, fc.array(oddHeader, { maxLength: 2 }), fc.boolean())
    .map(([verb, target, type, bytes, headers, signedIn]) => ({
      method: verb,
      target: known(world, target),
      headers: [
        ['content-type', type] as const,
        ...headers,
        ...(signedIn && !headers.some(([name]) => name === 'authorization') ? world.callers.manager : []),
      ],
      body: bytes,
    }))
}

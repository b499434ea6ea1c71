import { decodeError, FrappeError, OAuthError } from '@annex/protocol'
import { describe, expect, test, vi } from 'vitest'
import {
  AppRefused,
  ConsentDenied,
  InvalidSignIn,
  problemOf,
  refusalOf,
  ScopeMissing,
  SettingWrong,
  SignInRequired,
  UpstreamUnavailable,
  type OutageCode,
} from './errors.ts'

const url = 'https://shop.example.com/connect/login'
const outages: readonly OutageCode[] = ['unreachable', 'timeout', 'busy', 'rate_limited', 'not_frappe', 'site_not_found']

/** Each class, made with a text that came from elsewhere. */
const made: readonly (readonly [string, (text: string) => Error])[] = [
  ['sign_in_required', (text) => new SignInRequired(text, url, 'expired')],
  ['scope_missing', (text) => new ScopeMissing([text])],
  ['consent_denied', (text) => new ConsentDenied(text)],
  ['invalid_sign_in', (text) => new InvalidSignIn(text)],
  ['app_refused', (text) => new AppRefused('invalid_client', text)],
  ['invalid_grant', (text) => new OAuthError('invalid_grant', text)],
  ...outages.map((code) => [code, (text: string) => new UpstreamUnavailable(code, text)] as const),
  ['validation', (text) => new FrappeError('MandatoryError', text)],
]

describe.each(made)('D23 an error %s', (code, make) => {
  test.each(['{1}', '%s %d', '</p><script>', 'x'.repeat(10_240), ''])('is made of any text, and known by its code: %j', (text) => {
    const error = make(text)
    expect(problemOf(error)?.code).toBe(code)
    expect(error.message).toContain(text)
    expect(problemOf(error)!.message).toContain(text)
  })
})

test.each([
  ['PermissionError', 'permission_denied'],
  ['DoesNotExistError', 'not_found'],
  ['TimestampMismatchError', 'conflict'],
  ['DuplicateEntryError', 'duplicate'],
  ['LinkExistsError', 'link_exists'],
  ['QueryDeadlockError', 'busy'],
  ['MandatoryError', 'validation'],
  ['NegativeStockError', 'validation'],
  ['constructor', 'validation'],
])('%s of the site is %s by its name, whatever the status', (excType, code) => {
  for (const status of [404, 417]) expect(problemOf(new FrappeError(excType, 'no', { status }))?.code).toBe(code)
})

test("an exception that is none of Frappe's is the site's own fault", () => {
  expect(problemOf(decodeError(500, { exc_type: 'TypeError', exception: 'TypeError: x' }))).toEqual({ code: 'site_failed', message: 'x' })
})

test('an error of another copy of this package is told as that of the own copy', async () => {
  vi.resetModules()
  const [other, protocol] = [await import('./errors.ts'), await import('@annex/protocol')]
  expect(other.SignInRequired).not.toBe(SignInRequired)
  const foreign = [
    new other.SignInRequired('Sign in', url, 'expired'),
    new other.UpstreamUnavailable('busy', 'Later', { retryAfterMs: 20 }),
    new other.ScopeMissing(['Item:read'], url),
    new other.ConsentDenied(),
    new other.InvalidSignIn('no'),
    new other.NotSupported('no'),
    new other.AppRefused('invalid_client', 'no'),
    new protocol.OAuthError('invalid_grant', 'no'),
    new protocol.FrappeError('MandatoryError', 'no'),
  ]
  for (const error of foreign) expect(problemOf(error)).toEqual(other.problemOf(error))
  expect(foreign.map((error) => problemOf(error)?.code)).toEqual([
    'sign_in_required',
    'busy',
    'scope_missing',
    'consent_denied',
    'invalid_sign_in',
    'not_supported',
    'app_refused',
    'invalid_grant',
    'validation',
  ])
})

test('what an app can do about it goes along', () => {
  expect(problemOf(new ScopeMissing(['Item:read'], url))).toMatchObject({ code: 'scope_missing', url })
  expect(problemOf(new ScopeMissing(['Item:read']))).not.toHaveProperty('url')
  expect(problemOf(new SignInRequired('Sign in', url, 'expired'))).toEqual({ code: 'sign_in_required', message: 'Sign in', url })
  expect(problemOf(new UpstreamUnavailable('rate_limited', 'Later', { retryAfterMs: 20 }))).toMatchObject({ retryAfterMs: 20 })
  expect(problemOf(new UpstreamUnavailable('busy', 'Later'))).toEqual({ code: 'busy', message: 'Later' })
})

const likely = [
  Object.assign(new Error('no file'), { code: 'ENOENT' }),
  Object.assign(new Error('of another library'), { name: 'OAuthError', code: 'invalid_grant', status: 400 }),
  Object.assign(new Error('of another library'), { name: 'NotSupported', code: 'x', url: 'https://evil.example.com' }),
  Object.assign(new Error('of another library'), { name: 'NoSuchError', excType: 'NoSuchError', status: 404 }),
  { name: 'SignInRequired', message: 'Sign in', code: 'sign_in_required', url: 'https://evil.example.com' },
]

test.each([new TypeError('x is not a function'), 'text', undefined, null, { code: 'busy' }, ...likely])(
  'a bug is no problem of this kind: %s',
  (bug) => {
    expect(problemOf(bug)).toBeUndefined()
  },
)

test('of an error of another version, what is not as it is here is left out', () => {
  const odd = Object.assign(new SignInRequired('Sign in', url, 'expired'), { url: new URL(url), retryAfterMs: '20' })
  expect(problemOf(odd)).toEqual({ code: 'sign_in_required', message: 'Sign in' })
  expect(problemOf(Object.assign(new UpstreamUnavailable('busy', 'Later'), { code: 1 }))).toBeUndefined()
})

test('how the app is set up is for whoever runs it, and nothing to show to a person', () => {
  expect(problemOf(new SettingWrong('npm install undici'))).toBeUndefined()
})

test.each([
  ['invalid_client', 'client'],
  ['unauthorized_client', 'blocked'],
  ['unsupported_grant_type', 'grant'],
  ['unsupported_response_type', 'grant'],
  ['invalid_scope', 'scope'],
])('%s is a refusal of the app itself: %s, and still the OAuth error that it was', (code, hint) => {
  const refusal = refusalOf(code, 'the words of the site', { status: 401, errorUri: 'https://erp.example.com/why' })
  expect(refusal).toBeInstanceOf(AppRefused)
  expect(refusal).toBeInstanceOf(OAuthError)
  expect(refusal).toMatchObject({ code, hint, status: 401, problem: 'app_refused', errorUri: 'https://erp.example.com/why' })
  expect(refusal.message).toMatch(/the words of the site/)
})

test.each(['invalid_grant', 'server_error', 'toString'])('%s is no refusal of the app itself', (code) => {
  expect(refusalOf(code, 'no')).not.toBeInstanceOf(AppRefused)
})

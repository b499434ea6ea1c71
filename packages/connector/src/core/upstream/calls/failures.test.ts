import { beforeEach, describe, expect, test } from 'vitest'
import { encodeError, encodeV2Error, FrappeError } from '@annex/protocol'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import type { FakeReply } from '../../../testing/fake/replies.ts'
import { problemOf } from '../../errors.ts'
import type { TokenOptions } from '../credentials.ts'
import { UpstreamClient } from '../upstream-client.ts'

let site: FakeUpstream
let client: UpstreamClient
const of = (api: 1 | 2): UpstreamClient =>
  new UpstreamClient({ url: site.issuer, credentials: { apiKey: site.users[0]!.apiKey }, fetch: site.fetch, api, retries: 0 })
const answer = (reply: FakeReply): void => {
  site.override = () => reply
}
const failure = async (act: Promise<unknown>): Promise<FrappeError> => {
  const thrown: unknown = await act.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(Error)
  return thrown as FrappeError
}

beforeEach(() => {
  site = new FakeUpstream()
  client = of(1)
})

describe('T5 R2 what a site refuses is told by the name of its exception, not by its status', () => {
  const REFUSALS = [
    ['MandatoryError', 417, 'validation'],
    ['TimestampMismatchError', 417, 'conflict'],
    ['LinkExistsError', 417, 'link_exists'],
    ['DocumentLockedError', 417, 'busy'],
    ['DuplicateEntryError', 409, 'duplicate'],
    ['DoesNotExistError', 404, 'not_found'],
    ['PermissionError', 403, 'permission_denied'],
    ['QueryDeadlockError', 500, 'busy'],
    ['TypeError', 500, 'site_failed'],
  ] as const

  test.each(REFUSALS)('%s (%i) is %s, in both versions', async (excType, status, code) => {
    const error = new FrappeError(excType, 'No, because', { status })
    for (const [api, json] of [
      [1, encodeError(error)],
      [2, encodeV2Error(error)],
    ] as const) {
      answer({ status, json })
      const thrown = await failure(of(api).update('Item', 'a', {}))
      expect([thrown.excType, thrown.status, thrown.message]).toEqual([excType, status, 'No, because'])
      expect(problemOf(thrown)?.code).toBe(code)
    }
  })

  test('messages are read from JSON within JSON, all of them, the last as the sentence', async () => {
    const messages = JSON.stringify(
      ['Row 1 has no item', 'Row 2 has no item'].map((message) => JSON.stringify({ message, title: 'Message' })),
    )
    answer({ status: 417, json: { exc_type: 'MandatoryError', _server_messages: messages } })
    const { message, options } = await failure(client.insert('Item', {}))
    expect([message, options.messages]).toEqual(['Row 2 has no item', ['Row 1 has no item', 'Row 2 has no item']])
  })

  test('markup of a site is text here', async () => {
    const message = '<p>Could not find <a href="javascript:x()">Item: <b>B&amp;O &lt;1&gt;</b></a></p><script>steal()</script>'
    answer({ status: 417, json: { exc_type: 'LinkValidationError', _server_messages: JSON.stringify([JSON.stringify({ message })]) } })
    expect((await failure(client.insert('Item', {}))).message).toBe('Could not find Item: B&O <1> steal()')
  })

  test.each([
    [{ exc_type: 'DoesNotExistError' }, 404, 'DoesNotExistError', 'DoesNotExistError'],
    [{ exc_type: 'TypeError' }, 500, 'TypeError', 'TypeError'],
    [
      { exc: '["Traceback (most recent call last):\\n  File\\nfrappe.exceptions.MandatoryError: [Item, x]: uom"]' },
      417,
      'MandatoryError',
      '[Item, x]: uom',
    ],
    [{ exception: 'erpnext.stock.NegativeStockError: 5 of B1 are missing' }, 417, 'NegativeStockError', '5 of B1 are missing'],
    [{ message: 'not found' }, 404, 'DoesNotExistError', 'not found'],
    [{ exc: 'not JSON' }, 417, 'ValidationError', 'ValidationError'],
    [
      { errors: [{ type: 'MandatoryError', exception: 'Traceback:\n\nfrappe.exceptions.MandatoryError: uom' }] },
      417,
      'MandatoryError',
      'uom',
    ],
    [{ errors: [] }, 417, 'ValidationError', 'ValidationError'],
  ])('%j (%i) has no message and is %s all the same', async (json, status, excType, message) => {
    answer({ status, json })
    const thrown = await failure(client.update('Item', 'a', {}))
    expect([thrown.excType, thrown.message, thrown.status]).toEqual([excType, message, status])
  })

  test('a removal that is answered with 202 went well, and a method that answers nothing gives null', async () => {
    answer({ status: 202, json: { data: 'ok' } })
    await expect(client.remove('Item', 'a')).resolves.toBeUndefined()
    answer({ json: {} })
    expect(await client.call('frappe.client.delete')).toBeNull()
    expect(await of(2).call('frappe.client.delete')).toBeNull()
  })
})

describe('D21 is never taken for data:', () => {
  test.each<[string, FakeReply]>([
    ['a page', { html: '<!doctype html><h1>Welcome</h1>' }],
    ['a traceback in a page', { status: 500, html: '<pre>Traceback (most recent call last)</pre>' }],
    ['an error that comes with 200', { json: { exc_type: 'ValidationError', exc: '["x"]', message: 'no' } }],
    [
      'an error of an old site that comes with 200',
      { json: { exc: '["Traceback\\nfrappe.exceptions.ValidationError: no"]', message: { name: 'x' } } },
    ],
    ['an empty object', { json: {} }],
    ['a list', { json: [] }],
    ['a number', { json: 1 }],
    ['null', { json: null }],
    ['a document without a name', { json: { data: {}, message: {} } }],
    ['text', { json: { data: 'x', message: 'x' } }],
  ])('%s', async (_, reply) => {
    answer(reply)
    await failure(client.read('Item', 'a'))
    await failure(client.list('Item'))
    await failure(client.insert('Item', {}))
    await failure(client.setValue('Item', 'a', {}))
    await failure(client.submit('Item', 'a'))
    await failure(client.count('Item'))
  })

  test('an error of an old site has a sentence and no status of success', async () => {
    answer({ json: { exc: '["Traceback\\nfrappe.exceptions.ValidationError: no stock"]' } })
    expect(await failure(client.insert('Item', {}))).toMatchObject({ excType: 'ValidationError', status: 417, message: 'no stock' })
  })
})

describe('R3 what is no JSON', () => {
  test.each([
    [403, { name: 'PermissionError', status: 403 }],
    [404, { name: 'UpstreamUnavailable', code: 'site_not_found' }],
    [405, { name: 'MethodNotAllowedError', status: 405 }],
    [413, { name: 'RequestTooLargeError', status: 413 }],
    [301, { name: 'UpstreamUnavailable', code: 'not_frappe' }],
    [418, { name: 'UpstreamUnavailable', code: 'not_frappe' }],
    [500, { name: 'UpstreamUnavailable', code: 'busy' }],
    [502, { name: 'UpstreamUnavailable', code: 'busy' }],
  ])('and comes with %i says what to do', async (status, wanted) => {
    answer({ status, html: '<html>no</html>' })
    const thrown = await failure(client.list('Item'))
    expect(thrown).toMatchObject(wanted)
    expect(thrown.message).toMatch(/check|try again|let you see|less/)
    expect(thrown.message).not.toContain('<')
  })

  test('because the method of a link search is not there is one sentence', async () => {
    await expect(client.searchLink('Item', { text: 'a', query: 'erpnext.nowhere' })).rejects.toThrow(/the method's name/)
  })
})

describe('T4 R4 credentials', () => {
  const person = (tokens: (options?: TokenOptions) => Promise<string>): UpstreamClient =>
    new UpstreamClient({ url: site.issuer, credentials: { token: tokens, signInUrl: () => 'https://app.test/in' }, fetch: site.fetch })
  const shown = (): string[] => site.requests.map((request) => request.headers.get('authorization')!)

  test('that were refused are not shown a second time', async () => {
    answer({ status: 401, json: { exc_type: 'AuthenticationError' } })
    await expect(person(() => Promise.resolve('dead')).list('Item')).rejects.toMatchObject({ code: 'sign_in_required', reason: 'refused' })
    expect(shown()).toEqual(['Bearer dead'])
  })

  test('that were refused are told to whoever renews them, and the next are shown once', async () => {
    const asked: unknown[] = []
    const tokens = (options: TokenOptions = {}): Promise<string> => {
      asked.push(options.rejected)
      return Promise.resolve(options.rejected === undefined ? 'old' : 'new')
    }
    site.override = (request) =>
      request.headers.get('authorization') === 'Bearer old' ? { status: 401, html: '<h1>401</h1>' } : { json: { data: [] } }
    expect(await person(tokens).list('Item')).toEqual([])
    expect([asked, shown()]).toEqual([
      [undefined, 'old'],
      ['Bearer old', 'Bearer new'],
    ])
  })

  test('that have ended as a browser session does ask for a sign-in', async () => {
    answer({ status: 403, json: { exc_type: 'PermissionError', session_expired: 1 } })
    await expect(person(() => Promise.resolve('x')).list('Item')).rejects.toMatchObject({
      code: 'sign_in_required',
      url: 'https://app.test/in',
    })
  })

  test('of an API key that is wrong are no matter of roles, and that is said', async () => {
    const wrong = new UpstreamClient({ url: site.issuer, credentials: { apiKey: 'a:b' }, fetch: site.fetch })
    const thrown = await failure(wrong.list('Item'))
    expect(thrown).toMatchObject({ excType: 'AuthenticationError', status: 401 })
    expect(thrown.message).toMatch(/no matter of roles/)
    expect(thrown.message).not.toContain('a:b')
    expect(site.requests).toHaveLength(1)
  })
})

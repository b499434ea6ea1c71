import { beforeEach, describe, expect, test } from 'vitest'
import { undiciTransport } from '../../../adapters/undici-transport.ts'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { problemOf } from '../../errors.ts'
import type { Fetch } from '../transport.ts'
import { UpstreamClient } from '../upstream-client.ts'

let site: FakeUpstream
let client: UpstreamClient
const credentials = () => ({ apiKey: site.users[0]!.apiKey })

beforeEach(() => {
  site = new FakeUpstream({ kind: 'frappe-15' })
  client = new UpstreamClient({ url: site.issuer, credentials: credentials(), fetch: site.fetch })
})

const form = async (): Promise<FormData> => {
  const { bytes, headers } = site.requests[0]!
  return new Response(bytes, { headers: { 'content-type': headers.get('content-type')! } }).formData()
}

test.each([1, 2] as const)('a file goes up and comes down byte for byte, by version %i', async (api) => {
  const own = new UpstreamClient({ url: site.issuer, credentials: credentials(), fetch: site.fetch, api })
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => (index * 7) % 256)
  const file = await own.upload(new Blob([bytes]), { name: 'photo.jpg' })
  expect(file).toMatchObject({ file_name: 'photo.jpg', is_private: 1 })
  expect(new Uint8Array(await (await own.download(String(file['file_url']))).arrayBuffer())).toEqual(bytes)
})

test('a file is private unless that is said, and hangs where it is told', async () => {
  await client.upload(new Blob(['x']), { name: 'x.txt', attachTo: { doctype: 'Sales Invoice', name: 'SINV/1', field: 'proof' } })
  expect(Object.fromEntries([...(await form())].filter(([key]) => key !== 'file'))).toEqual({
    is_private: '1',
    folder: 'Home',
    doctype: 'Sales Invoice',
    docname: 'SINV/1',
    fieldname: 'proof',
  })
  const shown = await client.upload(new Blob(['x']), { name: 'x.txt', isPrivate: false, folder: 'Home/Attachments' })
  expect(shown).toMatchObject({ is_private: 0, folder: 'Home/Attachments' })
})

test.each(['a/b c.txt', '100% #1?.txt', 'ü & ß.txt', 'a;b=c.txt', 'quote".txt'])('a file called %j comes down again', async (name) => {
  const { file_url: url } = await client.upload(new Blob([name]), { name })
  expect(await (await client.download(String(url))).text()).toBe(name)
})

test('26 MB are refused in one sentence', async () => {
  const refused = await client.upload(new Blob([new Uint8Array(26 * 1024 * 1024)]), { name: 'large' }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ excType: 'RequestTooLargeError', status: 413 })
  expect(problemOf(refused)?.message).toMatch(/^This is larger than the site takes at once: [^.]+$/)
})

describe('a download', () => {
  test('of what is not there, or not for this user, says so', async () => {
    await expect(client.download('/files/nothing.txt')).rejects.toMatchObject({ excType: 'DoesNotExistError' })
    site.override = () => ({ status: 403, html: '<h1>Forbidden</h1>' })
    await expect(client.download('/private/files/other.txt')).rejects.toMatchObject({ excType: 'PermissionError' })
  })

  test.each(['https://evil.example.com/files/x', '//evil.example.com/files/x', '/api/method/x', 'files/x', '/files/'])(
    'of %s is refused, and no credentials leave',
    async (address) => {
      await expect(client.download(address)).rejects.toThrow(TypeError)
      expect(site.requests).toHaveLength(0)
    },
  )

  test('climbs nowhere', async () => {
    await expect(client.download('/files/../api/method/ping')).rejects.toThrow('not a name that can be asked for')
    expect(site.requests).toHaveLength(0)
  })

  test('of more than the app holds at once, packed or not, is given up on the way', async () => {
    const { file_url: url } = await client.upload(new Blob([new Uint8Array(1000)]), { name: 'zeros' })
    expect((await client.download(String(url), { maxBytes: 1000 })).size).toBe(1000)
    const refused = client.download(String(url), { maxBytes: 999 })
    await expect(refused).rejects.toMatchObject({ excType: 'RequestTooLargeError', message: expect.stringContaining('999') as string })
    let [sent, ended] = [0, false]
    const endless = new ReadableStream<Uint8Array>({
      pull: (to) => (sent++, to.enqueue(new Uint8Array(1 << 20))),
      cancel: () => void (ended = true),
    })
    const own = new UpstreamClient({ url: site.issuer, credentials: credentials(), fetch: async () => new Response(endless) })
    await expect(own.download('/files/x')).rejects.toMatchObject({ excType: 'RequestTooLargeError' })
    expect(sent).toBeLessThan(70)
    expect(ended).toBe(true)
  })

  test('that does not come to its end in time is given up', async () => {
    const stuck: Fetch = async (_url, init) => {
      const body = new ReadableStream<Uint8Array>({
        start: (to) => {
          to.enqueue(new Uint8Array(1))
          init?.signal?.addEventListener('abort', () => to.error(init.signal?.reason))
        },
      })
      return new Response(body)
    }
    const own = new UpstreamClient({ url: site.issuer, credentials: credentials(), fetch: stuck })
    await expect(own.download('/files/x', { timeoutMs: 20 })).rejects.toMatchObject({ name: 'UpstreamUnavailable', code: 'timeout' })
    const leaving = new AbortController()
    const left = own.download('/files/x', { signal: leaving.signal })
    leaving.abort(new Error('the browser has gone'))
    await expect(left).rejects.toThrow('the browser has gone')
  })

  test('that its caller gives up ends', async () => {
    const reason = new Error('enough')
    await expect(client.download('/files/x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

test('a file goes up over undici too', async () => {
  const [listening, transport] = [await site.listen(), undiciTransport()]
  try {
    const own = new UpstreamClient({ url: listening.url, credentials: credentials(), transport })
    const { file_url: url } = await own.upload(new Blob(['grüße']), { name: 'ü.txt' })
    expect(await (await own.download(String(url))).text()).toBe('grüße')
  } finally {
    await transport.close()
    await listening.close()
  }
})

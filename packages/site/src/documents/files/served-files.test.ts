import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readReply } from '../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { fetchFile, fileOf, raw, startFileSite, upload, type FileSite } from './files.fixture.ts'

describe.each(engines)('Files that are served, on %s', (engine) => {
  let started: FileSite
  let site: FileSite['site']
  let admin: FileSite['admin']
  let ann: FileSite['ann']
  let bob: FileSite['bob']
  let eve: FileSite['eve']
  let auditor: FileSite['auditor']
  let guest: FileSite['guest']
  let invoice: FileSite['invoice']
  beforeAll(async () => {
    started = await startFileSite(engine)
    ;({ site, admin, ann, bob, eve, auditor, guest, invoice } = started)
  })
  afterAll(() => started.site.close())

  it.each([
    ['picture.png', 'image/png', 'inline'],
    ['notes.txt', 'text/plain; charset=utf-8', 'inline'],
    ['page.html', 'application/octet-stream', 'attachment'],
    ['page.html.', 'application/octet-stream', 'attachment'],
    ['PAGE.XHTML', 'application/octet-stream', 'attachment'],
    ['image.svg', 'application/octet-stream', 'attachment'],
    ['feed.xml', 'application/octet-stream', 'attachment'],
    ['script.js', 'application/octet-stream', 'attachment'],
    ['module.mjs', 'application/octet-stream', 'attachment'],
    ['style.css', 'application/octet-stream', 'attachment'],
    ['old.mht', 'application/octet-stream', 'attachment'],
    ['paper.pdf', 'application/pdf', 'attachment'],
    ['no extension', 'application/octet-stream', 'attachment'],
  ])('never run: %s', async (name, type, disposition) => {
    const script = `<script>alert("${name}")</script>`
    const { file_url: url } = fileOf(await upload(ann, script, name))
    const answer = await fetchFile(guest, String(url))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe(type)
    expect(answer.headers.get('content-disposition')).toMatch(new RegExp(`^${disposition}; filename=`))
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox(?:;|$)/)
    expect(await answer.text()).toBe(script)
    const head = await fetchFile(guest, String(url), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, String(script.length), ''])
  })

  it('go, when private, to their owner, to readers of what they are attached to and to System Managers alone', async () => {
    const name = await invoice('INV-PRIVATE')
    const { file_url: url } = fileOf(await upload(ann, 'for us', 'us.txt', { is_private: '1', doctype: 'Invoice', docname: name }))
    const { file_url: alone } = fileOf(await upload(ann, 'for me', 'me.txt', { is_private: '1' }))
    const statuses = async (address: string): Promise<number[]> =>
      Promise.all([ann, admin, bob, auditor, eve, guest].map(async (api) => (await fetchFile(api, address)).status))
    expect(await statuses(String(url))).toEqual([200, 200, 200, 200, 403, 403])
    expect(await statuses(String(alone))).toEqual([200, 200, 403, 403, 403, 403])
    expect(await statuses('/private/files/not there.txt')).toEqual([403, 403, 403, 403, 403, 403])
    const answer = await fetchFile(ann, String(url))
    expect([answer.headers.get('cache-control'), answer.headers.get('cross-origin-resource-policy')]).toEqual([
      'private, no-store',
      'same-origin',
    ])
  })

  it('that were sent for a document yet to be made stay their sender’s when another document takes its name', async () => {
    const named = String((await bob.insert('Invoice', { name: 'INV-OLDER', __newname: 'INV-OLDER' }))['name'])
    const { file_url: url } = fileOf(
      await upload(ann, 'for later', 'later.txt', { is_private: '1', doctype: 'Invoice', docname: 'INV-LATER' }),
    )
    const own = fileOf(await upload(bob, 'mine', 'mine.txt', { is_private: '1', doctype: 'Invoice', docname: named }))
    const renamed = { doctype: 'Invoice', old_name: named, new_name: 'INV-LATER' }
    expect((await bob.post('frappe.client.rename_doc', renamed)).status).toBe(200)
    expect((await fetchFile(bob, String(url))).status).toBe(403)
    expect((await fetchFile(ann, String(url))).status).toBe(200)
    expect(await bob.read('File', String(own['name']))).toMatchObject({ attached_to_name: 'INV-LATER' })
  })

  it('go, when they are in a field, to those who see the field', async () => {
    const docname = await invoice('INV-LEVEL')
    const inField = async (fieldname: string): Promise<string> =>
      String(
        fileOf(await upload(ann, fieldname, `${fieldname}.txt`, { is_private: '1', doctype: 'Invoice', docname, fieldname }))['file_url'],
      )
    const [scan, margin] = [await inField('scan'), await inField('margin')]
    const statuses = async (url: string): Promise<number[]> =>
      Promise.all([ann, bob, auditor].map(async (api) => (await fetchFile(api, url)).status))
    expect([await statuses(scan), await statuses(margin)]).toEqual([
      [200, 200, 200],
      [200, 200, 403],
    ])
  })

  it('are downloaded by the methods too, under the same rules', async () => {
    const { file_url: url } = fileOf(await upload(ann, 'down', 'dön".png', { is_private: '1' }))
    for (const method of ['download_file', 'frappe.core.doctype.file.file.download_file']) {
      const query = `/api/method/${method}?file_url=${encodeURIComponent(String(url))}`
      const answer = await fetch(site.url + query, { headers: ann.headers })
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="d_n_.png"; filename\*=UTF-8''d%C3%B6n_\.png$/)
      expect(await answer.text()).toBe('down')
      for (const api of [bob, guest]) expect((await fetch(site.url + query, { headers: api.headers })).status).toBe(403)
    }
    expect((await ann.get('download_file', { file_url: 'https://example.com/a' })).status).toBe(417)
  })

  it.each([
    '/files/',
    '/files/..%2f..%2f..%2fetc%2fpasswd',
    '/files/..%5c..%5cetc',
    '/files/%2e%2e/private/files/hidden.txt',
    '/files/../private/files/hidden.txt',
    '/files//private/files/hidden.txt',
    '/files/private%2ffiles%2fhidden.txt',
    '/files/hidden.txt',
    '/files/HIDDEN.TXT',
    '/private/files/..%2f..%2ffiles%2fhidden.txt',
    '/private/files/HIDDEN.txt',
    '/private/files/hidden.txt%20',
    '/private/files/hidden.txt%00.png',
    '/files/%00',
    '/files/%ff',
    '/PRIVATE/files/hidden.txt',
  ])('are found by their very address alone: %s is none', async (path) => {
    await upload(ann, 'hidden', 'hidden.txt', { is_private: '1' })
    const { status, text: answered } = await readReply(await raw(site.url, path))
    expect([400, 403, 404]).toContain(status)
    expect(answered).not.toBe('hidden')
  })

  it('have one address however their name is composed', async () => {
    const { file_url: url } = fileOf(await upload(ann, 'composed', 'Zu\u0308rich.txt'))
    expect(url).toBe('/files/Zürich.txt')
    expect(await (await fetchFile(guest, '/files/Zu\u0308rich.txt')).text()).toBe('composed')
  })

  it('take GET and HEAD alone', async () => {
    await upload(ann, 'x', 'get.txt')
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await fetchFile(ann, '/files/get.txt', { method })).status).toBe(405)
  })
})

import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { fetchFile, fileOf, raw, startFileSite, upload, type FileSite } from './files.fixture.ts'

const md5 = (content: string): string => createHash('md5').update(content).digest('hex')

describe.each(engines)('Files that are uploaded, on %s', (engine) => {
  let started: FileSite
  let site: FileSite['site']
  let person: FileSite['person']
  let ann: FileSite['ann']
  let bob: FileSite['bob']
  let eve: FileSite['eve']
  let auditor: FileSite['auditor']
  let guest: FileSite['guest']
  let invoice: FileSite['invoice']
  beforeAll(async () => {
    started = await startFileSite(engine)
    ;({ site, person, ann, bob, eve, auditor, guest, invoice } = started)
  })
  afterAll(() => started.site.close())

  it('become File documents, answered whole and without what is empty', async () => {
    const name = await invoice('INV-UP')
    const reply = await upload(ann, 'hello', 'a/b c.txt', { doctype: 'Invoice', docname: name, fieldname: 'scan' })
    expect(reply.status).toBe(200)
    const { name: id, creation, modified, ...file } = fileOf(reply)
    expect(file).toEqual({
      doctype: 'File',
      owner: 'ann@example.com',
      modified_by: 'ann@example.com',
      docstatus: 0,
      idx: 0,
      file_name: 'ab c.txt',
      file_url: '/files/ab c.txt',
      file_type: 'TXT',
      file_size: 5,
      is_private: 0,
      folder: 'Home',
      attached_to_doctype: 'Invoice',
      attached_to_name: name,
      attached_to_field: 'scan',
      content_hash: md5('hello'),
    })
    expect(await (await fetchFile(guest, '/files/ab c.txt')).text()).toBe('hello')
    expect((await ann.read('Invoice', name))['scan']).toBeUndefined()
    expect([id, creation, modified].every(Boolean)).toBe(true)
  })

  it('have the same address when they hold the same bytes, and digits when only the name is the same', async () => {
    const [first, again, other] = [
      fileOf(await upload(ann, 'same', 'twice.txt')),
      fileOf(await upload(bob, 'same', 'elsewhere.txt')),
      fileOf(await upload(ann, 'different', 'twice.txt')),
    ]
    expect(again['name']).not.toBe(first['name'])
    expect([first['file_url'], again['file_url']]).toEqual(['/files/twice.txt', '/files/twice.txt'])
    expect(other['file_url']).toBe(`/files/twice${md5('different').slice(-6)}.txt`)
    expect(other['file_name']).toBe(`twice${md5('different').slice(-6)}.txt`)
  })

  it('are private when that is said, and private ones of others are not even named', async () => {
    const mine = fileOf(await upload(ann, 'payroll', 'payroll.txt', { is_private: '1' }))
    const again = fileOf(await upload(ann, 'payroll', 'again.txt', { is_private: '1' }))
    const theirs = fileOf(await upload(bob, 'payroll', 'guess.txt', { is_private: '1' }))
    const shown = fileOf(await upload(ann, 'payroll', 'payroll.txt'))
    expect([mine['file_url'], again['file_url']]).toEqual(['/private/files/payroll.txt', '/private/files/payroll.txt'])
    expect(theirs['file_url']).toBe('/private/files/guess.txt')
    expect(shown['file_url']).toBe('/files/payroll.txt')
  })

  it('may come at every address that Frappe has for it, as links too', async () => {
    for (const path of ['/api/method/upload_file/', '/api/v1/method/upload_file', '/api/method/uploadfile', '/?cmd=upload_file'])
      expect(fileOf(await upload(ann, path, 'paths.txt', {}, path))['file_size']).toBe(path.length)
    const v2 = await upload(ann, 'v2', 'v2.txt', {}, '/api/v2/method/upload_file')
    expect(v2.body['data']).toMatchObject({ file_url: '/files/v2.txt' })
    const link = await ann.post('upload_file', { file_url: 'https://example.com/a%20b.pdf?x=1', is_private: 1 })
    expect(link.body['message']).toMatchObject({ file_url: 'https://example.com/a%20b.pdf?x=1', file_name: 'a b.pdf', is_private: 1 })
    expect(link.body['message']).not.toHaveProperty('content_hash')
  })

  it('may be those that are here already, for whoever may read them', async () => {
    const kept = fileOf(await upload(ann, 'library', 'library.txt', { is_private: '1' }))
    const again = await ann.post('upload_file', { library_file_name: kept['name'], doctype: 'Invoice', docname: 'not yet' })
    expect(again.body['message']).toMatchObject({ file_url: kept['file_url'], is_private: 1, attached_to_name: 'not yet' })
    for (const args of [{ library_file_name: kept['name'] }, { file_url: kept['file_url'] }])
      expect((await bob.post('upload_file', args)).status).toBe(403)
    const open = fileOf(await upload(ann, 'open library', 'open.txt'))
    expect((await bob.post('upload_file', { file_url: open['file_url'] })).body['message']).toMatchObject({ file_url: '/files/open.txt' })
  })

  it.each([
    ['nothing', {}, 417, 'MandatoryError'],
    ['a link that runs', { file_url: 'javascript:alert(1)' }, 417, 'ValidationError'],
    ['a file of the machine', { file_url: 'file:///etc/passwd' }, 417, 'ValidationError'],
    ['a path', { file_url: '/etc/passwd' }, 417, 'ValidationError'],
    ['a public file that is not there', { file_url: '/files/none.txt' }, 404, 'DoesNotExistError'],
    ['a private file that is not there', { file_url: '/private/files/none.txt' }, 403, 'PermissionError'],
    ['a file of the library that is not there', { library_file_name: 'none' }, 404, 'DoesNotExistError'],
    ['another method to run', { method: 'frappe.client.delete', file_url: 'https://example.com/a' }, 417, 'ValidationError'],
    ['a DocType that is not there', { file_url: 'https://example.com/a', doctype: 'Nothing', docname: 'x' }, 417, undefined],
  ])('are refused when they are %s', async (_what, args, status, excType) => {
    const reply = await ann.post('upload_file', args)
    expect(reply.status).toBe(status)
    if (excType !== undefined) expect(reply.body['exc_type']).toBe(excType)
  })

  it('need a caller who has signed in, and one of the desk for what people do not read', async () => {
    expect((await upload(guest, 'x', 'x.txt')).status).toBe(403)
    expect((await ann.get('upload_file', { file_url: 'https://example.com' })).status).toBe(403)
    const web = await person('web', [])
    for (const [name, status] of [
      ['a.png', 200],
      ['a.pdf', 200],
      ['a.docx', 200],
      ['a.csv', 200],
      ['a.zip', 417],
      ['a.html', 417],
      ['a', 417],
    ] as const)
      expect([name, (await upload(web, `of ${name}`, name)).status]).toEqual([name, status])
    expect((await upload(ann, 'zip', 'a.zip')).status).toBe(200)
  })

  it('need write permission on what they are attached to', async () => {
    const name = await invoice('INV-WRITE')
    for (const api of [eve, auditor])
      for (const docname of [name, 'INV-NOT-YET'])
        expect((await upload(api, 'x', 'x.txt', { doctype: 'Invoice', docname })).status).toBe(403)
    expect((await upload(ann, 'x', 'x.txt', { doctype: 'Invoice', docname: 'INV-NOT-YET' })).status).toBe(200)
  })

  it.each([0, 1, 65_535, 65_536, 65_537, 200_000])('come back byte for byte: %i bytes', async (length) => {
    const bytes = randomBytes(length)
    const file = fileOf(await upload(ann, bytes, `of ${length}.bin`))
    expect(file['file_size']).toBe(length)
    expect(Buffer.from(await (await fetchFile(guest, String(file['file_url']))).arrayBuffer()).equals(bytes)).toBe(true)
  })

  it('may be as large as the setting says and no larger', async () => {
    expect((await upload(ann, Buffer.alloc(1024 * 1024, 1), 'full.bin')).status).toBe(200)
    const over = await upload(ann, Buffer.alloc(1024 * 1024 + 1, 1), 'over.bin')
    expect([over.status, over.body['exc_type']]).toEqual([417, 'MaxFileSizeReachedError'])
    for (const path of ['/api/method/upload_file', '/api/v1/method/upload_file/', '/api/v2/method/upload_file']) {
      const far = await raw(site.url, path, { ...ann.headers, 'content-length': String(2 * 1024 * 1024) })
      expect([far.status, far.headers.get('content-type')]).toEqual([413, 'application/json'])
      expect(await far.text()).toContain('RequestTooLargeError')
    }
  })
})

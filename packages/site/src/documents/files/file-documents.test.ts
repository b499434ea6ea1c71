import { createHash } from 'node:crypto'
import { openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, type Reply } from '../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { fetchFile, fileOf, startFileSite, upload, type File, type FileSite } from './files.fixture.ts'

const md5 = (content: string): string => createHash('md5').update(content).digest('hex')

describe.each(engines)('Files as documents, on %s', (engine) => {
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

  it('are made with their content as text or base64', async () => {
    const plain = await ann.insert('File', { file_name: 'plain.txt', content: 'plain' })
    const decoded = await ann.insert('File', {
      file_name: 'b.txt',
      content: Buffer.from('bytes').toString('base64'),
      decode: 1,
      is_private: 1,
    })
    const url = await ann.insert('File', {
      file_name: 'c.txt',
      content: `data:text/plain;base64,${btoa('from a browser')}`,
      decode: true,
    })
    expect(plain).toMatchObject({ file_url: '/files/plain.txt', file_size: 5, content_hash: md5('plain') })
    expect(plain).not.toHaveProperty('content')
    expect(await (await fetchFile(ann, String(decoded['file_url']))).text()).toBe('bytes')
    expect(await (await fetchFile(ann, String(url['file_url']))).text()).toBe('from a browser')
    for (const values of [{ file_name: 'x', content: 'not base64!', decode: 1 }, { file_name: 'x', content: { a: 1 } }, { file_name: 'x' }])
      expect((await ann.send('POST', '/api/resource/File', values)).status).toBe(417)
  })

  it('say of their content what is true, whatever is sent', async () => {
    const file = await ann.insert('File', { file_name: 'true.txt', content: 'true', content_hash: 'x', file_size: 9, file_type: 'EXE' })
    expect(file).toMatchObject({ content_hash: md5('true'), file_size: 4, file_type: 'TXT' })
    const changed = await ann.update('File', String(file['name']), { content_hash: 'y', file_size: 7, folder: 'Home/Other' })
    expect(changed).toMatchObject({ content_hash: md5('true'), file_size: 4, folder: 'Home/Other' })
  })

  it('open no private file by naming its address', async () => {
    const { file_url: url, name } = fileOf(await upload(ann, 'secret', 'secret.txt', { is_private: '1' }))
    const decoy = await eve.insert('File', { file_name: 'decoy.txt', content: 'decoy' })
    const refusals = [
      await eve.send('POST', '/api/resource/File', { file_url: url }),
      await eve.send('POST', '/api/resource/File', {
        file_url: url,
        content_hash: md5('secret'),
        is_private: 1,
        owner: 'ann@example.com',
      }),
      await eve.send('POST', '/api/resource/File', { file_url: '/private/files/no such.txt' }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403])
    expect(new Set(refusals.map(({ body }) => body['_error_message'])).size).toBe(1)
    expect((await eve.send('PUT', `/api/resource/File/${String(decoy['name'])}`, { file_url: url })).status).toBe(417)
    expect((await eve.send('GET', `/api/resource/File/${String(name)}`)).status).toBe(403)
    expect((await fetchFile(eve, String(url))).status).toBe(403)
    const own = await ann.insert('File', { file_url: url, folder: 'Home/Again' })
    expect(own).toMatchObject({ file_name: 'secret.txt', is_private: 1, file_size: 6 })
  })

  it('open none by taking the name of a document that files were sent for', async () => {
    const { file_url: url } = fileOf(
      await upload(ann, 'early', 'early.txt', { is_private: '1', doctype: 'Invoice', docname: 'new-invoice-1' }),
    )
    await bob.insert('Invoice', { __newname: 'new-invoice-1', name: 'new-invoice-1' })
    expect((await fetchFile(bob, String(url))).status).toBe(403)
    const later = fileOf(await upload(ann, 'in time', 'time.txt', { is_private: '1', doctype: 'Invoice', docname: 'new-invoice-2' }))
    await invoice('new-invoice-2')
    expect((await fetchFile(bob, String(later['file_url']))).status).toBe(200)
  })

  it('change between public and private, without those of others', async () => {
    const mine = await ann.insert('File', { file_name: 'turn.txt', content: 'turn' })
    const theirs = await bob.insert('File', { file_name: 'turn.txt', content: 'turn' })
    const hidden = await ann.update('File', String(mine['name']), { is_private: 1 })
    expect(hidden).toMatchObject({ is_private: 1, file_url: '/private/files/turn.txt' })
    expect((await fetchFile(guest, '/files/turn.txt')).status).toBe(200)
    await bob.update('File', String(theirs['name']), { is_private: 1 })
    expect((await fetchFile(guest, '/files/turn.txt')).status).toBe(404)
    expect((await fetchFile(bob, String(hidden['file_url']))).status).toBe(403)
    const back = await ann.update('File', String(mine['name']), { is_private: 0 })
    expect(await (await fetchFile(guest, String(back['file_url']))).text()).toBe('turn')
    expect((await ann.send('PUT', `/api/resource/File/${String(mine['name'])}`, { content: 'other' })).status).toBe(417)
  })

  it('go with the last document that holds them, and with what they are attached to', async () => {
    const [first, second] = [fileOf(await upload(ann, 'last', 'last.txt')), fileOf(await upload(bob, 'last', 'last.txt'))]
    const remove = (api: Api, file: File): Promise<Reply> => api.send('DELETE', `/api/resource/File/${String(file['name'])}`)
    expect((await remove(eve, first)).status).toBe(403)
    expect((await remove(ann, first)).status).toBe(202)
    expect((await fetchFile(guest, '/files/last.txt')).status).toBe(200)
    expect((await remove(bob, second)).status).toBe(202)
    expect((await fetchFile(guest, '/files/last.txt')).status).toBe(404)
    const name = await invoice('INV-GONE')
    await upload(ann, 'goes too', 'too.txt', { doctype: 'Invoice', docname: name })
    expect((await ann.send('DELETE', `/api/resource/Invoice/${name}`)).status).toBe(202)
    expect((await fetchFile(guest, '/files/too.txt')).status).toBe(404)
    expect((await admin.list('File', { filters: { attached_to_name: name } })).body['data']).toEqual([])
  })

  it('of one content, sent and removed by many at once, leave one content behind and in the end none', async () => {
    const send = async (index: number): Promise<File> => fileOf(await upload(index % 2 ? ann : bob, 'of many', `many${index % 3}.txt`))
    const kept = await Promise.all(Array.from({ length: 8 }, (_, index) => send(index)))
    expect(new Set(kept.map((file) => file['file_url'])).size).toBe(1)
    const remove = (file: File): Promise<Reply> => admin.send('DELETE', `/api/resource/File/${String(file['name'])}`)
    const turns = await Promise.all(kept.flatMap((file, index) => [remove(file), send(index)]))
    const left = turns.flatMap((turn) => ('status' in turn && typeof turn.status === 'number' ? [] : [turn as File]))
    expect(left).toHaveLength(8)
    for (const file of left) expect(await (await fetchFile(guest, String(file['file_url']))).text()).toBe('of many')
    await Promise.all(left.map(remove))
    const database = await openDatabase(site.databaseUrl)
    const hash = createHash('sha256').update('of many').digest('hex')
    for (const table of ['file_content', 'file_place'])
      expect((await sql`select hash from ${sql.table(table)} where hash = ${hash}`.execute(database.connection)).rows).toEqual([])
    await database.close()
  })

  it('follow what they are attached to under its new name', async () => {
    const name = await invoice('INV-OLD')
    const { file_url: url } = fileOf(await upload(ann, 'follows', 'follows.txt', { is_private: '1', doctype: 'Invoice', docname: name }))
    expect((await ann.post('frappe.client.rename_doc', { doctype: 'Invoice', old_name: name, new_name: 'INV-NEW' })).status).toBe(200)
    expect((await fetchFile(bob, String(url))).status).toBe(200)
  })

  it('are attached with their address in a field, and taken off by whoever may change the document', async () => {
    const name = await invoice('INV-ATTACH')
    const sent = {
      filename: 'scan.png',
      filedata: btoa('pixels'),
      decode_base64: 1,
      doctype: 'Invoice',
      docname: name,
      docfield: 'scan',
      is_private: 1,
    }
    const { body } = await ann.post('frappe.client.attach_file', sent)
    const file = body['message'] as File
    expect(file).toMatchObject({ file_url: '/private/files/scan.png', attached_to_field: 'scan', file_size: 6 })
    expect((await ann.read('Invoice', name))['scan']).toBe('/private/files/scan.png')
    expect((await auditor.post('frappe.client.attach_file', sent)).status).toBe(403)
    expect((await ann.post('frappe.client.attach_file', { ...sent, docname: 'none' })).status).toBe(404)
    const refused = await ann.post('frappe.client.attach_file', {
      ...sent,
      filename: 'lost.png',
      filedata: btoa('lost'),
      docfield: 'docstatus',
    })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect((await fetchFile(ann, '/private/files/lost.png')).status).toBe(403)
    expect((await auditor.post('frappe.desk.form.utils.remove_attach', { fid: file['name'] })).status).toBe(403)
    expect((await bob.post('frappe.desk.form.utils.remove_attach', { fid: file['name'] })).status).toBe(200)
    expect((await fetchFile(ann, '/private/files/scan.png')).status).toBe(403)
  })
})

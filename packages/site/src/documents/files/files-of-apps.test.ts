import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Reply } from '../../../../../tests/support/callers/api.ts'
import { engines } from '../../../../../tests/support/databases.ts'
import { fetchFile, fileOf, startFileSite, upload, type Fields, type FileSite } from './files.fixture.ts'

describe.each(engines)('Files of apps, on %s', (engine) => {
  let started: FileSite
  let ann: FileSite['ann']
  let invoice: FileSite['invoice']
  let token: FileSite['token']
  beforeAll(async () => {
    started = await startFileSite(engine)
    ;({ ann, invoice, token } = started)
  })
  afterAll(() => started.site.close())

  it('need the scope to make a File and, to attach one, to write what it is attached to', async () => {
    const name = await invoice('INV-SCOPE')
    const attached = { doctype: 'Invoice', docname: name }
    expect((await upload(await token('Invoice:write'), 'x', 'x.txt')).status).toBe(403)
    const filing = await token('File:create')
    expect((await upload(filing, 'app', 'app.txt')).status).toBe(200)
    const refused = await upload(filing, 'app', 'app.txt', attached)
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('scope="Invoice:write"')
    expect(
      (await filing.send('POST', '/api/resource/File', { content: 'x', attached_to_doctype: 'Invoice', attached_to_name: name })).status,
    ).toBe(403)
    expect((await upload(await token('File:create Invoice:write'), 'app', 'app.txt', attached)).status).toBe(200)
  })

  it('are read with the scope to read a File and, of one that is attached, what it is attached to', async () => {
    const name = await invoice('INV-READ')
    const { file_url: attached } = fileOf(
      await upload(ann, 'attached', 'attached.txt', { is_private: '1', doctype: 'Invoice', docname: name }),
    )
    const { file_url: alone } = fileOf(await upload(ann, 'alone', 'alone.txt', { is_private: '1' }))
    const status = async (scopes: string, url: unknown): Promise<number> => (await fetchFile(await token(scopes), String(url))).status
    expect(await status('Invoice:read', attached)).toBe(403)
    expect(await status('File:read', attached)).toBe(403)
    expect(await status('File:read Invoice:read', attached)).toBe(200)
    expect(await status('File:read', alone)).toBe(200)
    expect(await status('openid', alone)).toBe(403)
    expect(await status('all', attached)).toBe(200)
    const filing = await token('File:read File:create File:write')
    const moved = await upload(ann, 'moved', 'moved.txt', { is_private: '1' })
    const move = (values: Fields): Promise<Reply> => filing.send('PUT', `/api/resource/File/${String(fileOf(moved)['name'])}`, values)
    expect((await move({ attached_to_doctype: 'Invoice', attached_to_name: name })).status).toBe(403)
    expect((await move({ attached_to_name: name })).status).toBe(403)
    expect((await move({ folder: 'Home/Moved' })).status).toBe(200)
    expect((await filing.send('POST', '/api/resource/File', { file_url: attached })).status).toBe(403)
    expect((await filing.post('upload_file', { file_url: attached })).status).toBe(403)
  })
})

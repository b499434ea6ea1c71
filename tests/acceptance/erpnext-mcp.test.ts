import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotInstalled } from '../support/clients/install-once.ts'
import { McpServer } from '../support/clients/mcp.ts'
import { pythonClients } from '../support/clients/python.ts'
import { SELLER, startTrading, type TradingSite } from '../support/clients/trading.ts'
import { engines } from '../support/databases.ts'

const bin = await pythonClients()
const missing = bin instanceof NotInstalled
const reason = missing ? `: ${bin.message}` : ''

describe.skipIf(missing).each(engines)(`erpnext-mcp, unchanged, on %s${reason}`, (engine) => {
  let trading: TradingSite
  let mcp: McpServer
  let folder: string
  beforeAll(async () => {
    trading = await startTrading(engine)
    folder = await mkdtemp(join(tmpdir(), 'annex-mcp-'))
    const { site, key, secret } = trading
    mcp = new McpServer(join(String(bin), 'erpnext-mcp'), [], {
      ERPNEXT_URL: site.url,
      ERPNEXT_API_KEY: key,
      ERPNEXT_API_SECRET: secret,
      HOME: folder,
    })
    await mcp.initialize()
  })
  afterAll(async () => {
    await mcp.close()
    await trading.site.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('offers its tools', async () => {
    const tools = await mcp.tools()
    expect(tools).toEqual(expect.arrayContaining(['list_documents', 'create_document', 'upload_file']))
    expect(tools.length).toBeGreaterThanOrEqual(27)
  })

  it('creates, reads, lists, counts, updates and deletes documents', async () => {
    const data = JSON.stringify({ customer_name: 'Acme', territory: 'Ulm', credit_limit: 7 })
    const made = await mcp.call('create_document', { doctype: 'Customer', data })
    expect(made).toMatchObject({ name: 'Acme', territory: 'Ulm', credit_limit: 7, owner: SELLER.user })
    expect(await mcp.call('get_document', { doctype: 'Customer', name: 'Acme' })).toEqual(made)
    const listed = { doctype: 'Customer', fields: ['name', 'territory'], filters: '{"territory": "Ulm"}', order_by: 'creation desc' }
    expect(await mcp.call('list_documents', listed)).toEqual([{ name: 'Acme', territory: 'Ulm' }])
    expect(await mcp.call('get_count', { doctype: 'Customer', filters: '{"territory": "Ulm"}' })).toBe(1)
    const changed = await mcp.call('update_document', { doctype: 'Customer', name: 'Acme', data: '{"territory": "Köln"}' })
    expect(changed).toMatchObject({ territory: 'Köln' })
    expect(await mcp.call('search_link', { doctype: 'Customer', txt: 'acm' })).toEqual([expect.objectContaining({ value: 'Acme' })])
    await expect(mcp.call('get_document', { doctype: 'Customer', name: 'nobody' })).rejects.toThrow('404')
    await expect(mcp.call('create_document', { doctype: 'Customer', data: '{}' })).rejects.toThrow('417')
    await mcp.call('delete_document', { doctype: 'Customer', name: 'Acme' })
    expect(await mcp.call('get_count', { doctype: 'Customer' })).toBe(0)
  })

  it('submits and cancels, lists DocTypes and their fields, and runs methods', async () => {
    await mcp.call('create_document', { doctype: 'Customer', data: '{"customer_name": "Buyer"}' })
    await mcp.call('create_document', { doctype: 'Order', data: '{"customer": "Buyer", "items": [{"item": "Nut", "qty": 2}]}' })
    const id = { doctype: 'Order', name: 'ORD-0001' }
    expect(await mcp.call('submit_document', id)).toMatchObject({ message: { docstatus: 1, items: [{ item: 'Nut', qty: 2 }] } })
    expect(await mcp.call('cancel_document', id)).toMatchObject({ message: { docstatus: 2 } })
    expect(await mcp.call('list_doctypes', { module: 'Selling' })).toEqual(expect.arrayContaining(['Customer', 'Order']))
    expect(await mcp.call('list_doctypes', { is_submittable: true })).toContain('Order')
    // It asks for rows of a child table without their parent, which Frappe 15 refuses too.
    await expect(mcp.call('get_doctype_meta', { doctype: 'Order' })).rejects.toThrow('403')
    const run = {
      method: 'frappe.client.get_value',
      http_method: 'GET',
      args: '{"doctype": "Order", "fieldname": "customer", "filters": "ORD-0001"}',
    }
    expect(await mcp.call('run_method', run)).toEqual({ message: { customer: 'Buyer' } })
  })

  it('uploads a file to a document, lists it, and fetches it back', async () => {
    await mcp.call('create_document', { doctype: 'Customer', data: '{"customer_name": "Filed"}' })
    const path = join(folder, 'Würfel 1.txt')
    await writeFile(path, 'six sides')
    const attached = { attached_to_doctype: 'Customer', attached_to_name: 'Filed' }
    const file = (await mcp.call('upload_file', { file_path: path, ...attached })) as { readonly name: string }
    expect(file).toMatchObject({
      file_name: 'Würfel 1.txt',
      file_url: '/private/files/Würfel 1.txt',
      is_private: 1,
      file_size: 9,
      ...attached,
    })
    expect(await mcp.call('list_files', attached)).toEqual([expect.objectContaining({ name: file.name })])
    expect(await mcp.call('get_file_url', { file_name: file.name })).toBe(`${trading.site.url}/private/files/Würfel 1.txt`)
    const fetched = JSON.stringify(await mcp.call('download_file', { file_name: file.name }))
    expect(fetched).toContain(Buffer.from('six sides').toString('base64'))
    const link = { file_url: 'https://example.com/a.pdf', filename: 'paper.pdf', ...attached }
    expect(await mcp.call('upload_file_from_url', link)).toMatchObject({ file_url: 'https://example.com/a.pdf', file_name: 'paper.pdf' })
  })
})

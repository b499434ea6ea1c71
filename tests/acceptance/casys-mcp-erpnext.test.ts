import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { casysProgram } from '../support/clients/casys.ts'
import { NotInstalled } from '../support/clients/install-once.ts'
import { McpServer } from '../support/clients/mcp.ts'
import { SELLER, startTrading, type TradingSite } from '../support/clients/trading.ts'
import { engines } from '../support/databases.ts'

const program = await casysProgram()
const missing = program instanceof NotInstalled
const reason = missing ? `: ${program.message}` : ''

describe.skipIf(missing).each(engines)(`@casys/mcp-erpnext, unchanged, on %s${reason}`, (engine) => {
  let trading: TradingSite
  let mcp: McpServer
  beforeAll(async () => {
    trading = await startTrading(engine)
    const { site, key, secret } = trading
    const env = { ERPNEXT_URL: site.url, ERPNEXT_API_KEY: key, ERPNEXT_API_SECRET: secret }
    mcp = new McpServer(process.execPath, [String(program)], env)
    await mcp.initialize()
  })
  afterAll(async () => {
    await mcp.close()
    await trading.site.close()
  })

  it('offers its 125 tools', async () => {
    expect(await mcp.tools()).toHaveLength(125)
  })

  it('creates, reads, lists, updates, submits, cancels and deletes documents', async () => {
    const made = await mcp.call('erpnext_doc_create', { doctype: 'Customer', data: { customer_name: 'Acme', territory: 'Ulm' } })
    expect(JSON.stringify(made)).toContain('"Acme"')
    expect(JSON.stringify(await mcp.call('erpnext_doc_get', { doctype: 'Customer', name: 'Acme' }))).toContain(SELLER.user)
    const list = { doctype: 'Customer', fields: ['name', 'territory'], filters: [['territory', '=', 'Ulm']], order_by: 'name asc' }
    expect(JSON.stringify(await mcp.call('erpnext_doc_list', list))).toMatch(/"name":\s*"Acme"/)
    await mcp.call('erpnext_doc_update', { doctype: 'Customer', name: 'Acme', data: { territory: 'Trier' } })
    expect(await trading.admin.read('Customer', 'Acme')).toMatchObject({ territory: 'Trier', modified_by: SELLER.user })
    await mcp.call('erpnext_doc_create', { doctype: 'Order', data: { customer: 'Acme', items: [{ item: 'Nut' }] } })
    await mcp.call('erpnext_doc_submit', { doctype: 'Order', name: 'ORD-0001' })
    expect(await trading.admin.read('Order', 'ORD-0001')).toMatchObject({ docstatus: 1 })
    await mcp.call('erpnext_doc_cancel', { doctype: 'Order', name: 'ORD-0001' })
    expect(await trading.admin.read('Order', 'ORD-0001')).toMatchObject({ docstatus: 2 })
    await mcp.call('erpnext_doc_delete', { doctype: 'Order', name: 'ORD-0001' })
    expect((await trading.admin.list('Order')).body['data']).toEqual([])
  })

  it('assigns a document, and takes the assignment back', async () => {
    await mcp.call('erpnext_doc_create', { doctype: 'Customer', data: { customer_name: 'Assigned' } })
    const assignment = { doctype: 'Customer', name: 'Assigned', assign_to: SELLER.user }
    await mcp.call('erpnext_doc_assign', assignment)
    const open = { filters: { reference_name: 'Assigned', status: 'Open' }, fields: ['allocated_to'] }
    expect((await trading.admin.list('ToDo', open)).body['data']).toEqual([{ allocated_to: SELLER.user }])
    await mcp.call('erpnext_doc_unassign', assignment)
    expect((await trading.admin.list('ToDo', open)).body['data']).toEqual([])
  })

  it('uploads a file into the field of a document', async () => {
    await mcp.call('erpnext_doc_create', { doctype: 'Customer', data: { customer_name: 'Filed' } })
    await mcp.call('erpnext_file_upload', {
      file_name: 'logo.png',
      content_base64: btoa('pixels'),
      attached_to_doctype: 'Customer',
      attached_to_name: 'Filed',
      attached_to_field: 'logo',
    })
    const { logo } = await trading.admin.read('Customer', 'Filed')
    expect(logo).toMatch(/\/files\/logo\.png$/)
    const answer = await fetch(trading.site.url + String(logo), { headers: trading.admin.headers })
    expect(await answer.text()).toBe('pixels')
  })
})

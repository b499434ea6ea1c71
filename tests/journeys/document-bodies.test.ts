import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSite, type RunningSite } from '../support/site.ts'

/** A document may come in any of the forms that Frappe's clients send it in. */
describe('A document', () => {
  let site: RunningSite
  let cookie = ''
  beforeAll(async () => {
    site = await startSite('sqlite')
    const body = new URLSearchParams({ usr: 'Administrator', pwd: site.adminPassword })
    const answer = await fetch(`${site.url}/api/method/login`, { method: 'POST', body })
    cookie = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const fields = [{ fieldname: 'title', fieldtype: 'Data', reqd: 1 }]
    const definition = JSON.stringify({ name: 'Memo', autoname: 'field:title', fields, permissions: [] })
    await fetch(`${site.url}/api/resource/DocType`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: definition,
    })
  })
  afterAll(() => site.close())

  const json = '{"title": "NAME"}'
  it.each<[name: string, type: string | undefined, body: string]>([
    ['as JSON', 'application/json', json],
    ['as JSON of another type', 'application/vnd.api+json; charset=utf-8', json],
    ['as JSON that says it is text', 'text/plain', json],
    ['as JSON that says it is a form', 'application/x-www-form-urlencoded', json],
    ['as JSON that says nothing', undefined, json],
    ['in data, as JSON', 'application/json', '{"data": {"title": "NAME"}}'],
    ['in data, as text in JSON', 'application/json', '{"data": "{\\"title\\": \\"NAME\\"}"}'],
    ['as a form', 'application/x-www-form-urlencoded', 'title=NAME'],
    ['in data, in a form', 'application/x-www-form-urlencoded', `data=${encodeURIComponent(json)}`],
    ['as multipart', 'multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nNAME\r\n--b--\r\n'],
  ])('is made when it comes %s', async (name, type, template) => {
    // Bytes, so that nothing adds a type by itself.
    const body = new TextEncoder().encode(template.replace('NAME', name))
    const headers = { cookie, ...(type === undefined ? {} : { 'content-type': type }) }
    const answer = await fetch(`${site.url}/api/resource/Memo`, { method: 'POST', headers, body })
    expect([answer.status, ((await answer.json()) as { data?: { name?: string } }).data?.name]).toEqual([200, name])
  })

  it('is refused when text in it is JSON that no body may hold, whichever way it comes', async () => {
    const nested = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const memo = `{"doctype": "Memo", "title": ${nested}}`
    const send = async (path: string, values: Record<string, string>): Promise<number> =>
      (await fetch(site.url + path, { method: 'POST', headers: { cookie }, body: new URLSearchParams(values) })).status
    expect(await send('/api/resource/Memo', { data: memo })).toBe(400)
    expect(await send('/api/method/frappe.client.insert', { doc: memo })).toBe(400)
    expect(await send('/api/method/frappe.client.bulk_update', { docs: `[${memo}]` })).toBe(400)
    expect(await send('/api/method/frappe.client.set_value', { doctype: 'Memo', name: 'x', fieldname: `{"title": ${nested}}` })).toBe(400)
    const tagged = { dt: 'Memo', docs: '["x"]', tags: '["a\\u0000"]' }
    expect(await send('/api/method/frappe.desk.doctype.tag.tag.add_tags', tagged)).toBe(417)
    expect(await send('/api/method/frappe.desk.form.assign_to.add', { doctype: 'Memo', name: 'x', assign_to: '["a\\ud800"]' })).toBe(417)
  })

  it('is not made from text that is no JSON, nor from another site’s form', async () => {
    const ask = async (headers: Record<string, string>, body: string): Promise<number> =>
      (await fetch(`${site.url}/api/resource/Memo`, { method: 'POST', headers: { cookie, ...headers }, body })).status
    expect(await ask({ 'content-type': 'text/plain' }, '{"title": ')).toBe(417)
    expect(await ask({ 'content-type': 'application/json' }, '{"title": ')).toBe(400)
    expect(await ask({ 'content-type': 'text/plain', origin: 'https://elsewhere.example' }, '{"title": "X"}')).toBe(400)
  })
})

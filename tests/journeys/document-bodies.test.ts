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

  it('is not made from text that is no JSON, nor from another site’s form', async () => {
    const ask = async (headers: Record<string, string>, body: string): Promise<number> =>
      (await fetch(`${site.url}/api/resource/Memo`, { method: 'POST', headers: { cookie, ...headers }, body })).status
    expect(await ask({ 'content-type': 'text/plain' }, '{"title": ')).toBe(417)
    expect(await ask({ 'content-type': 'application/json' }, '{"title": ')).toBe(400)
    expect(await ask({ 'content-type': 'text/plain', origin: 'https://elsewhere.example' }, '{"title": "X"}')).toBe(400)
  })
})

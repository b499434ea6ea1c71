import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSite, type RunningSite } from '../support/site.ts'

/** What a caller without credentials gets: status and body, with the DocType's name taken out. */
async function ask(base: string, method: string, path: string, doctype: string): Promise<{ status: number; body: string }> {
  const url = base + path.replace('DOCTYPE', encodeURIComponent(doctype))
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{"title":"x"}', headers: { 'content-type': 'application/json' } }
  const response = await fetch(url, { method, ...body })
  return { status: response.status, body: (await response.text()).replaceAll(doctype, 'DOCTYPE') }
}

describe('A guest', () => {
  let site: RunningSite
  beforeAll(async () => {
    site = await startSite('sqlite')
  })
  afterAll(() => site.close())

  it.each([
    ['GET', '/api/resource/DOCTYPE'],
    ['POST', '/api/resource/DOCTYPE'],
    ['GET', '/api/resource/DOCTYPE/x'],
    ['PUT', '/api/resource/DOCTYPE/x'],
    ['DELETE', '/api/resource/DOCTYPE/x'],
    ['GET', '/api/method/frappe.desk.search.search_link?doctype=DOCTYPE&txt='],
    ['GET', '/api/method/frappe.client.get_count?doctype=DOCTYPE'],
  ])('gets one answer to %s %s, whether the DocType is there, is a child table, is virtual, or is not there', async (method, path) => {
    const answers = await Promise.all(
      ['User', 'Has Role', 'OAuth Bearer Token', 'No Such Type'].map((doctype) => ask(site.url, method, path, doctype)),
    )
    expect(answers[0]?.status).toBe(403)
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeUpstream, TestBrowser } from '@annex/connector/testing'
import { openApp } from '../src/app.ts'
import { serve } from '../src/server.ts'

test('pages, sign-in, a note and its customer go over the wire', async (context) => {
  const site = new FakeUpstream()
  site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Productions' })
  const data = await mkdtemp(join(tmpdir(), '{{name}}-'))
  const url = 'http://localhost:3000'
  const app = await openApp(
    { site: site.issuer, url, port: 0, host: '127.0.0.1', client: site.client, webhookSecret: undefined, data },
    { fetch: site.fetch },
  )
  const server = await serve(app, { port: 0, host: '127.0.0.1' })
  context.after(async () => {
    await server.close()
    await app.close()
    await rm(data, { recursive: true })
  })
  // Browsers come to `url`; here its port is the one that was free.
  const ask = async (request: Request) => {
    const { pathname, search } = new URL(request.url)
    const body = request.method === 'POST' ? await request.text() : undefined
    return fetch(`http://127.0.0.1:${server.port}${pathname}${search}`, {
      method: request.method,
      headers: request.headers,
      redirect: 'manual',
      ...(body ? { body } : {}),
    })
  }
  const browser = new TestBrowser(ask, site, url)

  for (const path of ['/', '/style.css']) {
    const { headers } = await browser.visit(path)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.match(headers.get('content-security-policy') ?? '', /script-src 'self'; style-src 'self';.* frame-ancestors 'none'/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  }
  assert.match(await (await browser.visit('/')).text(), /Sign in with your account/)
  assert.equal((await browser.signIn()).headers.get('location'), `${url}/`)
  assert.match(await (await browser.visit('/connect/links/Customer?q=palm')).text(), /Palmer Productions/)

  const form = { method: 'POST', body: new URLSearchParams({ customer: 'CUST-1', text: 'called <b>twice</b>' }) }
  assert.equal((await browser.visit('/notes', form)).status, 303)
  const page = await (await browser.visit('/')).text()
  assert.match(page, /Palmer Productions/)
  assert.ok(!page.includes('<b>twice'))
  const refused = await browser.visit('/notes', { ...form, body: new URLSearchParams({ customer: 'nobody', text: 'x' }) })
  assert.equal(refused.status, 422)
  assert.match(await refused.text(), /role="alert">Choose a customer from the list/)
  assert.equal((await browser.visit('/notes', { method: 'POST' })).status, 422)
  const repeated = new URLSearchParams('customer=CUST-1&text=called&text=again')
  assert.equal((await browser.visit('/notes', { ...form, body: repeated })).status, 303)
  const long = new URLSearchParams({ customer: 'CUST-1', text: 'x'.repeat(11_000) })
  assert.equal((await browser.visit('/notes', { ...form, body: long })).status, 413)
  for (const [type, body] of [
    ['application/json', '{"customer":"CUST-1","text":"called"}'],
    ['application/json', '{'],
    ['text/plain', 'customer=CUST-1&text=called'],
    ['multipart/form-data', 'no boundary'],
    ['application/xml', '<note/>'],
  ] as const)
    assert.equal((await browser.visit('/notes', { method: 'POST', body, headers: { 'content-type': type } })).status, 415, type)
  assert.ok((await fetch(`http://127.0.0.1:${server.port}//`)).status < 500)
  assert.equal((await browser.visit('/notes', { ...form, headers: { 'sec-fetch-site': 'cross-site' } })).status, 403)

  await site.revoke()
  const next = await browser.visit('/notes', form)
  assert.equal(next.status, 303)
  assert.ok(next.headers.get('location')?.startsWith(`${url}/connect/login`), await next.text())
  assert.equal(next.headers.get('cache-control'), 'no-store')
  assert.equal((await browser.visit('/connect/logout', { method: 'POST' })).status, 303)
  assert.match(await (await browser.visit('/')).text(), /Sign in with your account/)
})

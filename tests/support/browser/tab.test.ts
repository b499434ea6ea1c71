import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchOrSkip } from '../chromium.ts'
import { looksOver } from './looks.ts'
import { visit } from './tab.ts'

// What the browser journeys rest on: that they fail when something is wrong.

let server: Server
let url: string
let browser: Browser | undefined
let body = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/missing') return response.writeHead(404).end()
    if (request.url === '/broken') return response.destroy()
    response.setHeader('content-security-policy', "default-src 'self' 'nonce-n'; style-src 'nonce-n'")
    return response.setHeader('content-type', 'text/html').end(`<!doctype html><link rel="icon" href="/" /><body>${body}</body>`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  await browser?.close()
  server.close()
})
beforeEach(async (context) => {
  browser ??= await launchOrSkip(context)
})

const open = (markup: string, expected: number[] = []): Promise<void> => {
  body = markup
  return visit(
    browser!,
    async ({ page }) => {
      await page.goto(url, { waitUntil: 'networkidle' })
    },
    { expected },
  )
}

test.each([
  ['an error in the console', '<script nonce="n">console.error("oh")</script>', /error: oh/],
  ['an error in a script', '<script nonce="n">throw new Error("oh")</script>', /script: oh/],
  ['what the policy of the page forbids', '<p style="color: red">x</p>', /Content Security Policy/],
  ['an answer that is a refusal', '<img src="/missing" alt="" />', /404: http/],
  ['a request without an answer', '<img src="/broken" alt="" />', /net::ERR_EMPTY_RESPONSE: http/],
])('a visit fails on %s', async (_what, markup, fault) => {
  await expect(open(markup)).rejects.toThrow(fault)
})

test('a visit takes a page without faults, and a refusal that it provokes', async () => {
  await open('<p>All is well</p>')
  await open('<img src="/missing" alt="" />', [404])
})

test.each([
  ['text that is hardly seen', '<style nonce="n">body { background: #fff } p { color: #999 }</style><p>x</p>', /hardly seen: P x/],
  ['what runs out of the page', '<style nonce="n">body { background: #fff } p { width: 3000px }</style><p>x</p>', /out of its side/],
  ['the other colours', '<style nonce="n">body { background: #111; color: #fff }</style><p>x</p>', /it is dark/],
])('a look over a page fails on %s', async (_what, markup, fault) => {
  body = markup
  await visit(browser!, async ({ page }) => {
    await page.goto(url)
    await expect(looksOver(page, 'page', 'light')).rejects.toThrow(fault)
  })
})

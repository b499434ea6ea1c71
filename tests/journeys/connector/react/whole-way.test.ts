import type { RequestListener } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodeConnector } from '@annex/connector/node'
import { FakeUpstream, TestApp } from '@annex/connector/testing'
import { choose, field } from '../../../support/browser/link-field.ts'
import { openReactPage, type ReactPage } from '../../../support/browser/react-page.ts'
import { visit } from '../../../support/browser/tab.ts'
import { launchOrSkip } from '../../../support/chromium.ts'
import { options, said, told } from './react.fixture.ts'

// The fields over a connector and a site, with nothing in between that a test made up.

const upstream = new FakeUpstream()
let site: { close(): Promise<void> }
let connector: RequestListener = (_request, response) => void response.writeHead(503).end()
let page: ReactPage
let browser: Browser | undefined
beforeAll(async () => {
  site = await upstream.listen()
  page = await openReactPage(new URL('page.tsx', import.meta.url), (request, response) => connector(request, response))
  const { connector: made } = new TestApp(upstream, {
    client: { ...upstream.client, redirectUri: `${page.url}/connect/callback` },
    links: {
      'Visit.item': { doctype: 'Item', dependsOn: ['customer'], filters: ({ customer }) => (customer ? { customer } : undefined) },
      'Visit.customer': { doctype: 'Customer' },
    },
  })
  const handle = nodeConnector(made)
  connector = (request, response) => void handle(request, response)
  for (const [name, title, customer] of [
    ['BOL-0061', 'Bolt Brass M6', 'Upper Mill'],
    ['BOL-0081', 'Bolt Brass M8', 'Old River'],
  ] as const)
    upstream.documents.set('Item', { name, title, customer })
  upstream.documents.fill('Item', 24, (index) => ({ name: `THI-${index}`, title: `Thing ${index}` }))
  upstream.documents.set('Customer', { name: 'Upper Mill' })
})
afterAll(async () => {
  await browser?.close()
  await page.close()
  await site.close()
})

it('from the sign-in link in the field to a choice, a right that is asked for, what was seen before, and the end of access', async (context) => {
  browser ??= await launchOrSkip(context)
  await visit(
    browser,
    async ({ page: tab }) => {
      await tab.goto(`${page.url}/`)
      await field(tab, 'Item').click()
      await expect.poll(() => said(tab).innerText()).toBe('You are not signed in. Sign in with the primary site')
      upstream.faults.unticked = ['Customer:read']
      await Promise.all([tab.waitForURL(`${page.url}/`), tab.getByRole('link').click()])
      await choose(tab, 'Item', 'brass m8', 'BOL-0081')
      expect(await told(tab)).toMatch(/^chosen \{"value":"BOL-0081"/)

      await field(tab, 'Item').fill('thing')
      await expect.poll(() => options(tab)).toHaveLength(10)
      for (const count of [20, 24]) {
        await field(tab, 'Item').press('PageDown')
        await expect.poll(() => options(tab)).toHaveLength(count)
      }

      await field(tab, 'Customer').press('ArrowDown')
      await expect.poll(() => tab.getByRole('link', { name: 'Ask for the right' }).count()).toBe(1)
      upstream.faults.unticked = []
      await Promise.all([tab.waitForEvent('load'), tab.getByRole('link').click()])
      expect(tab.url()).toBe(`${page.url}/`)
      await choose(tab, 'Customer', 'upper', 'Upper Mill')
      await field(tab, 'Item').fill('brass')
      await expect.poll(() => options(tab)).toEqual([expect.stringContaining('BOL-0061')])

      upstream.faults.down = true
      await field(tab, 'Item').fill('brass m')
      await expect.poll(() => said(tab).innerText()).toMatch(/^Primary site unreachable: showing what was seen last \(.+\)\. 1 shown/)
      upstream.faults.down = false

      await upstream.revoke()
      await field(tab, 'Item').fill('brass')
      await expect.poll(() => tab.getByRole('link', { name: 'Sign in with the primary site' }).count()).toBe(1)
      expect(await options(tab)).toEqual([])
    },
    { expected: [401, 403] },
  )
})

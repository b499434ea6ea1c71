import { expect, test } from 'vitest'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import { AppRefused } from '../errors.ts'
import { describeFailure, failurePage } from './sign-in-pages.ts'

const redirectUri = 'http://localhost:4100/connect/callback'

test('an app that may not register itself shows the link to the form of the site, filled in', async () => {
  const site = new FakeUpstream({ kind: 'frappe-15' })
  const app = new TestApp(site, { client: { register: { name: `Tom's "Shop"` }, redirectUri } })
  const answer = await app.visit('/connect/login')
  expect(answer.status).toBe(400)
  const [, link = ''] = /<a href="([^"]*)">The form/.exec(await answer.text()) ?? []
  const url = new URL(link.replaceAll('&amp;', '&').replaceAll('&#39;', "'"))
  expect(url.origin + url.pathname).toBe(`${site.issuer}/app/oauth-client/new`)
  expect(url.searchParams.get('app_name')).toBe(`Tom's "Shop"`)
})

test.each([
  ['of the site', 'https://erp.test/app/oauth-client/new?a=1&b=2', true],
  ['of another site', 'https://evil.test/app', false],
  ['of a site whose name begins alike', 'https://erp.test.evil.test/app', false],
  ['of another port', 'https://erp.test:8443/app', false],
  ['that is sent in clear', 'http://erp.test/app', false],
  ['that runs', 'javascript:alert(1)//https://erp.test', false],
  ['that is none', '/app/oauth-client/new', false],
  ['that is not there', undefined, false],
])('a form at an address %s is linked: %s %s', async (_what, formUrl, isLinked) => {
  const refused = new AppRefused('access_denied', 'no', formUrl === undefined ? {} : { formUrl })
  const failure = describeFailure(refused, 'http://localhost:4100/connect/login', 'https://erp.test')
  expect(failure.formUrl).toBe(isLinked ? formUrl : undefined)
  expect((await failurePage(failure).text()).includes('The form for this app')).toBe(isLinked)
})

test('a link to a form cannot write markup into the page', async () => {
  const formUrl = 'https://erp.test/app?"><script>alert(1)</script>'
  const page = failurePage(
    describeFailure(new AppRefused('access_denied', 'no', { formUrl }), 'http://localhost:4100/', 'https://erp.test'),
  )
  expect(await page.text()).not.toContain('<script')
  expect(Object.fromEntries(page.headers)).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' })
})

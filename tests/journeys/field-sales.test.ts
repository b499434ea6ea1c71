import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { launchOrSkip } from '../support/chromium.ts'
import { demoFolder, startDemo, startFieldSalesAlone, type DemoFolder, type RunningDemo } from '../support/demo.ts'
import { choose, field, selected, suggestions, tabTo } from '../support/browser/link-field.ts'
import { looksOver } from '../support/browser/looks.ts'
import { visit, type Tab, type VisitOptions } from '../support/browser/tab.ts'

const SIGN_IN = 'Sign in with the primary site'
const PASSWORD = 'Corr3ct-horse-journey'

let folder: DemoFolder
let demo: RunningDemo
let admin: Api
let browser: Browser | undefined
beforeAll(async () => {
  folder = await demoFolder()
  demo = await startDemo(folder.path)
  admin = await Api.signIn(demo.siteUrl, 'Administrator', (await readFile(join(folder.path, 'demo-site/admin-password'), 'utf8')).trim())
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
  await folder.remove()
})

function journey(name: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void {
  it(name, async (context) => {
    browser ??= await launchOrSkip(context)
    await visit(browser, act, options)
  })
}

let people = 0

/** Somebody of the sales team whom nobody has met yet. */
async function seller(): Promise<string> {
  const email = `seller-${++people}@example.com`
  await admin.insert('User', {
    email,
    first_name: 'Sam',
    last_name: `No ${people}`,
    new_password: PASSWORD,
    roles: [{ role: 'Sales User' }],
  })
  return email
}

/** From the app's door to the primary's consent page. */
async function arrive(tab: Tab, user: string, password = PASSWORD): Promise<void> {
  await tab.page.goto(demo.appUrl)
  await tab.open(SIGN_IN)
  await tab.signIn(user, password)
  expect(await tab.page.title()).toContain('Allow access?')
}

journey(
  'from "Sign in with the primary site" to a visit report, and to the end of access, after which nothing else is broken',
  async (tab) => {
    const { page } = tab
    await arrive(tab, 'sara@example.com', 'sara-visits-42')
    const asked = await tab.reads()
    expect(asked).toMatch(/Field Sales \(localhost:\d+\) asks for access to your account, Sara Sales\./)
    expect(asked).toContain('It may know who you are.')
    expect(await page.getByRole('group', { name: 'Item' }).innerText()).toMatch(/Read\s+needed/)
    expect(await page.getByRole('checkbox').count()).toBe(1)
    expect(await page.getByRole('group', { name: 'Customer' }).getByRole('checkbox', { name: 'Read' }).isChecked()).toBe(true)
    await tab.press('Allow')
    expect(page.url()).toBe(`${demo.appUrl}/`)
    expect(await tab.reads()).toContain('Hello, Sara Sales')

    await field(page, 'Item').pressSequentially('gea-')
    await expect.poll(async () => (await suggestions(page)).every((option) => /^GEA-\d{4}\nGear /.test(option))).toBe(true)
    await field(page, 'Item').fill('')
    await choose(page, 'Item', 'gear brass m8', 'GEA-0084')
    await choose(page, 'Customer', 'upper mill', 'Upper Mill Supplies')
    await page.getByLabel('Note').fill('They want twenty more')
    await tab.press('Save visit report')
    expect(await tab.reads()).toMatch(/The visit report is saved\..*They want twenty more GEA-0084 Gear Brass M8.* Upper Mill Supplies/)
    expect(reports()).toEqual([
      { author_name: 'Sara Sales', item: 'GEA-0084', customer: 'Upper Mill Supplies', note: 'They want twenty more' },
    ])

    const primary = await tab.another()
    await primary.page.goto(`${demo.siteUrl}/my-apps`)
    expect(await primary.reads()).toMatch(/Field Sales localhost:\d+ May: Know who you are Read Item Read Customer Since .* Last used \d/)
    await primary.press('Take access away (Field Sales)')
    expect(await primary.reads()).toContain('No app has access to your account.')

    await field(page, 'Item').click()
    const status = page.locator('#item-status')
    await expect.poll(() => status.innerText()).toBe(`Access has ended. ${SIGN_IN}`)
    await tab.open('Field Sales')
    expect(await tab.reads()).toContain('Access has ended.')
    expect(await page.getByRole('listitem').allInnerTexts()).toEqual([expect.stringContaining('GEA-0084')])

    await tab.open(SIGN_IN)
    await tab.press('Allow')
    expect(await tab.reads()).toMatch(/Hello, Sara Sales.*GEA-0084/)
    expect(await tab.reads()).not.toContain('Access has ended.')
  },
  { expected: [401] },
)

function reports(): unknown[] {
  const database = new Database(join(folder.path, 'field-sales/reports.db'), { readonly: true })
  try {
    return database.prepare('select author_name, item, customer, note from visit_report').all()
  } finally {
    database.close()
  }
}

journey('the keyboard alone leads through sign-in and consent, and through a link field', async (tab) => {
  const { page } = tab
  await page.goto(demo.appUrl)
  await tabTo(page, page.getByRole('link', { name: SIGN_IN }))
  await tab.follow(page.keyboard.press('Enter'))
  await page.keyboard.type(await seller())
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await tab.follow(page.keyboard.press('Enter'))
  const box = page.getByRole('checkbox')
  await tabTo(page, box)
  await page.keyboard.press('Space')
  expect(await box.isChecked()).toBe(false)
  await page.keyboard.press('Space')
  await tabTo(page, page.getByRole('button', { name: 'Allow', exact: true }))
  await tab.follow(page.keyboard.press('Enter'))

  const item = field(page, 'Item')
  await tabTo(page, item)
  const said = page.locator('#item-status')
  const facts = (): Promise<(string | null)[]> =>
    Promise.all(['aria-expanded', 'aria-activedescendant'].map((name) => item.getAttribute(name)))
  expect(await facts()).toEqual(['false', null])
  expect(await item.getAttribute('aria-controls')).toBe(await page.locator('[role=listbox]').first().getAttribute('id'))
  await page.keyboard.type('bolt brass')
  await expect.poll(() => suggestions(page)).toEqual(['BOL-0061\nBolt Brass M6, Products', 'BOL-0081\nBolt Brass M8, Products'])
  expect(await page.getByRole('listbox', { name: 'Item' }).isVisible()).toBe(true)
  expect(await said.innerText()).toContain('2 shown')
  expect(await facts()).toEqual(['true', null])
  for (const [key, option] of [
    ['ArrowDown', 'BOL-0061'],
    ['ArrowDown', 'BOL-0081'],
    ['ArrowDown', 'BOL-0061'],
    ['ArrowUp', 'BOL-0081'],
  ] as const) {
    await page.keyboard.press(key)
    expect(await selected(page)).toEqual([expect.stringContaining(option)])
    expect(await facts()).toEqual(['true', await page.getByRole('option', { selected: true }).getAttribute('id')])
  }
  await page.keyboard.press('Escape')
  expect([await facts(), await item.inputValue()]).toEqual([['false', null], 'bolt brass'])
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => selected(page)).toEqual([expect.stringContaining('BOL-0061')])
  await page.keyboard.press('Enter')
  expect([await facts(), await item.inputValue()]).toEqual([['false', null], 'BOL-0061'])
  await page.keyboard.press('Escape')
  await page.keyboard.type('no such thing')
  await expect.poll(() => said.innerText()).toBe('Nothing found.')
})

journey(
  'a right that was not given is named in its field, can be asked for again, and then stands alone on the consent page',
  async (tab) => {
    const { page } = tab
    await arrive(tab, await seller())
    await page.getByRole('checkbox').uncheck()
    await tab.press('Allow')
    expect(await page.getByLabel('Customer').isDisabled()).toBe(true)
    expect(await tab.reads()).toContain('Field Sales was not given the right “Read Customer” (Customer:read).')
    await choose(page, 'Item', 'BOL-0001', 'BOL-0001')
    await page.getByLabel('Note').fill('Nobody in')
    await tab.press('Save visit report')
    expect(await tab.reads()).toContain('The visit report is saved.')

    await tab.open('Ask for it again')
    // What was allowed before is told, and not asked again.
    expect(await page.locator('fieldset').count()).toBe(1)
    expect(await page.getByRole('checkbox').count()).toBe(1)
    await page.getByRole('group', { name: 'Customer' }).getByRole('checkbox').check()
    await tab.press('Allow')
    expect(await tab.reads()).toContain('Nobody in')
    await choose(page, 'Customer', 'old river', 'Old River Engineering')
  },
)

journey(
  'who does not allow it comes back to a page that says so and offers to begin again',
  async (tab) => {
    await arrive(tab, await seller())
    await tab.press('Do not allow')
    expect(new URL(tab.page.url()).origin).toBe(demo.appUrl)
    expect(await tab.reads()).toContain('You are not signed in You did not allow the app to use your account. Nothing was changed.')
    await tab.open(SIGN_IN)
    await tab.press('Allow')
    expect(await tab.reads()).toContain('Hello, Sam')
  },
  { expected: [403] },
)

journey(
  'somebody without rights is greeted, and the field says in words what the primary site refuses',
  async (tab) => {
    await arrive(tab, 'nora@example.com', 'nora-waits-42')
    await tab.press('Allow')
    expect(await tab.reads()).toContain('Hello, Nora None')
    await field(tab.page, 'Item').pressSequentially('bolt')
    await expect.poll(() => tab.page.locator('#item-status').innerText()).toMatch(/^The primary site refuses: \S.* Item/)
    expect(await suggestions(tab.page)).toEqual([])
  },
  { expected: [403] },
)

journey(
  'without scripts the pages of the primary site do all they do, and the app takes docnames',
  async (tab) => {
    const { page } = tab
    await arrive(tab, await seller())
    await page.getByRole('checkbox').uncheck()
    await tab.press('Allow')
    await field(page, 'Item').fill('NUT-0002')
    await page.getByLabel('Note').fill('On paper')
    await tab.press('Save visit report')
    expect(await tab.reads()).toMatch(/The visit report is saved\..*On paper NUT-0002/)
    await page.goto(`${demo.siteUrl}/`)
    await tab.open('My apps')
    expect(await tab.reads()).toContain('May: Know who you are Read Item Since')
    await tab.press('Take access away (Field Sales)')
    expect(await tab.reads()).toContain('No app has access to your account.')
    await tab.press('Sign out')
    expect(await page.title()).toContain('Sign in')
  },
  { javaScriptEnabled: false },
)

const looks = [
  ['light', { width: 320, height: 640 }],
  ['dark', { width: 320, height: 640 }],
  ['dark', { width: 1100, height: 800 }],
] as const

for (const [colorScheme, viewport] of looks)
  journey(
    `every page of the journey can be read in ${colorScheme} colours and is no wider than ${viewport.width} pixels`,
    async (tab) => {
      const { page } = tab
      const look = (name: string): Promise<void> => looksOver(page, `${colorScheme}-${viewport.width}-${name}`, colorScheme)
      const user = await seller()
      await page.goto(demo.appUrl)
      await look('welcome')
      await tab.open(SIGN_IN)
      await look('sign-in')
      await tab.signIn(user, 'wrong')
      await look('sign-in-refused')
      await tab.signIn(user, PASSWORD)
      await look('consent')
      await page.getByRole('checkbox').uncheck()
      await tab.press('Allow')
      await look('right-missing')
      await tab.open('Ask for it again')
      await page.getByRole('checkbox').check()
      await tab.press('Allow')
      await field(page, 'Item').pressSequentially('bolt steel m4')
      await page.getByRole('option').waitFor()
      await page.keyboard.press('ArrowDown')
      await look('suggestions')
      await page.keyboard.press('Enter')
      await field(page, 'Customer').fill('No such customer')
      await page.getByLabel('Note').fill('Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft')
      await tab.press('Save visit report')
      await look('draft-refused')
      await field(page, 'Customer').fill('')
      await tab.press('Save visit report')
      await look('saved')
      for (const path of ['app', 'my-apps', 'connected-apps', 'no-such-page']) {
        await page.goto(`${demo.siteUrl}/${path}`)
        await look(path)
      }
      await page.goto(`${demo.siteUrl}/my-apps`)
      await tab.press('Take access away (Field Sales)')
      await look('no-apps')
      await page.goto(demo.appUrl)
      await look('access-ended')
    },
    { colorScheme, viewport, expected: [401, 403, 404, 422] },
  )

journey(
  'while the primary site is stopped the fields show what was seen last',
  async (tab) => {
    const { page } = tab
    await arrive(tab, await seller())
    await tab.press('Allow')
    await field(page, 'Item').pressSequentially('washer brass')
    await expect.poll(async () => (await suggestions(page)).length).toBe(2)
    await demo.stop()
    const app = await startFieldSalesAlone(folder.path)
    try {
      await page.goto(demo.appUrl)
      expect(await tab.reads()).toContain('The primary site is unreachable: the fields show what was seen last.')
      await field(page, 'Item').pressSequentially('brass m8')
      await expect.poll(() => suggestions(page)).toEqual([expect.stringMatching(/^WAS-\d+\nWasher Brass M8/)])
      expect(await page.locator('#item-status').innerText()).toMatch(
        /^Primary site unreachable: showing what was seen last \(.+\)\. 1 shown/,
      )
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.getByLabel('Note').fill('No line')
      await tab.press('Save visit report')
      expect(await tab.reads()).toMatch(/The visit report is saved\..*No line WAS-\d+ Washer Brass M8/)
      await tab.press('Sign out')
      await tab.open(SIGN_IN)
      expect(await tab.reads()).toContain('You are not signed in')
    } finally {
      await app.stop()
    }
  },
  { expected: [503] },
)

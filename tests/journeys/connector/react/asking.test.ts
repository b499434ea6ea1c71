import { expect } from 'vitest'
import type { LinkReply } from '../../../support/browser/react-page.ts'
import { bolts, found, item, options, paged, reactJourneys, said, selected, things, told } from './react.fixture.ts'

const journey = reactJourneys()
const { route } = journey

/** An answer that a test gives when it likes. */
function held(): { readonly reply: Promise<LinkReply>; give(reply: LinkReply): void } {
  let give = (_reply: LinkReply): void => {}
  const reply = new Promise<LinkReply>((resolve) => (give = resolve))
  return { reply, give: (given) => give(given) }
}

journey('the next letter takes the question before it back, and a late answer shows nothing', '/', async ({ page }) => {
  const late = held()
  route.answer = ({ text }) => (text === 'bolt' ? late.reply : found(things(0, 3)))
  for (const letter of 'bol') {
    await item(page).pressSequentially(letter)
    await expect.poll(() => route.asked.at(-1)?.text).toMatch(new RegExp(`${letter}$`))
    await expect.poll(() => said(page).innerText()).toContain('3 shown')
  }
  await item(page).pressSequentially('t')
  await expect.poll(() => said(page).innerText()).toBe('Searching…')
  expect(route.asked.map(({ text, isAborted }) => [text, isAborted])).toEqual([
    ['b', false],
    ['bo', false],
    ['bol', false],
    ['bolt', false],
  ])
  await item(page).press('s')
  await expect.poll(() => route.asked[3]!.isAborted).toBe(true)
  late.give(found(bolts))
  await expect.poll(() => route.asked.at(-1)?.text).toBe('bolts')
  await expect.poll(() => said(page).innerText()).toContain('3 shown')
  expect(await options(page)).toEqual(['THI-0\nThing 0', 'THI-1\nThing 1', 'THI-2\nThing 2'])
})

journey('letters typed in one go are one question', '/', async ({ page }) => {
  await item(page).evaluate((input: HTMLInputElement) => {
    input.focus()
    for (const letter of 'bolt brass') document.execCommand('insertText', false, letter)
  })
  await expect.poll(() => options(page)).toHaveLength(2)
  expect(await told(page)).toBe('text bolt brass')
  expect(route.asked.map(({ text }) => text)).toEqual(['bolt brass'])
})

journey('until the new letters are answered Enter takes none of the old suggestions', '/', async ({ page }) => {
  await item(page).pressSequentially('bolt')
  await expect.poll(() => options(page)).toHaveLength(2)
  await page.keyboard.press('ArrowDown')
  expect(await selected(page)).toHaveLength(1)
  await page.keyboard.type('s')
  await page.keyboard.press('Enter')
  expect(await told(page)).toBe('text bolts')
})

journey('the mouse opens the list, shows more and chooses, and the field keeps the focus', '/', async ({ page }) => {
  route.answer = paged(13)
  await item(page).click()
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect.poll(() => options(page)).toHaveLength(13)
  expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
  await page.getByRole('option', { name: 'THI-12' }).click()
  expect(await told(page)).toBe('chosen {"value":"THI-12","label":"Thing 12","description":""}')
  expect(await item(page).evaluate((input) => input === document.activeElement)).toBe(true)
  expect(await options(page)).toEqual([])
})

journey('a press beside the field closes the list, and nothing of the page moves away below it', '/', async ({ page }) => {
  const save = page.getByRole('button', { name: 'Save' })
  const before = await save.boundingBox()
  await item(page).click()
  await expect.poll(() => options(page)).toHaveLength(2)
  expect(await save.boundingBox()).toEqual(before)
  await page.getByRole('heading').click()
  expect(await options(page)).toEqual([])
  expect(await save.boundingBox()).toEqual(before)
  await item(page).click()
  await page.getByRole('option', { name: 'BOL-0061' }).click()
  expect(await said(page).innerText()).toBe('Bolt Brass M6, Products')
  expect(await save.boundingBox()).toEqual(before)
})

journey('a docname that comes twice is shown once, and the next page begins behind all that came', '/', async ({ page }) => {
  route.answer = ({ start }) => (start === null ? found([...bolts, bolts[0]!], { more: true }) : found([bolts[1]!, ...things(0, 1)]))
  await item(page).click()
  await expect.poll(() => options(page)).toHaveLength(2)
  await page.keyboard.press('PageDown')
  await expect.poll(() => options(page)).toHaveLength(3)
  expect(route.asked.at(-1)?.start).toBe('3')
})

journey('a value set from outside closes the list and ends its question', '/', async ({ page }) => {
  await item(page).click()
  await expect.poll(() => options(page)).toHaveLength(2)
  route.answer = () => held().reply
  await item(page).press('b')
  await expect.poll(() => route.asked).toHaveLength(2)
  await page.getByRole('button', { name: 'Set the item' }).evaluate((button: HTMLButtonElement) => button.click())
  await expect.poll(() => item(page).inputValue()).toBe('NUT-0002')
  expect([await options(page), await said(page).innerText()]).toEqual([[], ''])
  await expect.poll(() => route.asked[1]!.isAborted).toBe(true)
})

journey('other fields of the form go with the question, and their change closes the list', '/', async ({ page }) => {
  const customer = page.getByRole('combobox', { name: 'Customer' })
  await customer.fill('Upper Mill')
  await item(page).pressSequentially('bo')
  await expect.poll(() => route.asked.at(-1)).toMatchObject({ field: 'Visit.item', text: 'bo', form: { customer: 'Upper Mill' } })
  await expect.poll(() => options(page)).toHaveLength(2)
  await customer.evaluate((input: HTMLInputElement) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, 'Old River')
    input.dispatchEvent(new Event('input', { bubbles: true }))
  })
  await expect.poll(() => page.getByRole('listbox', { name: 'Item' }).isVisible()).toBe(false)
})

journey('a field that is taken away takes its question with it', '/', async ({ page }) => {
  route.answer = () => held().reply
  await item(page).click()
  await expect.poll(() => route.asked).toHaveLength(1)
  await page.getByRole('button', { name: 'Take the field away' }).evaluate((button: HTMLButtonElement) => button.click())
  await expect.poll(() => route.asked[0]!.isAborted).toBe(true)
})

journey('under StrictMode each question is asked once, and the field works as ever', '/strict', async ({ page }) => {
  await item(page).fill('bolt')
  await expect.poll(() => options(page)).toHaveLength(2)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  expect([await told(page), route.asked.length]).toEqual([`chosen ${JSON.stringify(bolts[0])}`, 1])
})

journey(
  'who has to sign in is given the link, which can be followed',
  '/',
  async ({ page }) => {
    route.answer = () => ({ status: 401, body: { message: 'Access has ended.', url: '/connect/login?return_to=%2F' } })
    await item(page).click()
    await expect.poll(() => said(page).innerText()).toBe('Access has ended. Sign in with the primary site')
    expect(await options(page)).toEqual([])
    const link = page.getByRole('link', { name: 'Sign in with the primary site' })
    expect(await link.getAttribute('href')).toBe(new URL('/connect/login?return_to=%2F', page.url()).href)
    await Promise.all([page.waitForURL('**/connect/login?*'), link.click()])
  },
  { expected: [401] },
)

journey(
  'a right that is missing is named, with the link that asks for it; a refusal without one is words alone',
  '/',
  async ({ page }) => {
    route.answer = () => ({ status: 403, body: { message: 'The right “Read Item” is missing.', url: '/connect/login?scope=Item%3Aread' } })
    await item(page).click()
    await expect.poll(() => said(page).innerText()).toBe('The right “Read Item” is missing. Ask for the right')
    expect(await page.getByRole('link').getAttribute('href')).toContain('/connect/login?scope=Item%3Aread')
    route.answer = () => ({ status: 403, body: { message: '<b>You</b> may not see Item.' } })
    await item(page).press('b')
    await expect.poll(() => said(page).innerText()).toBe('<b>You</b> may not see Item.')
    expect(await page.getByRole('link').count()).toBe(0)
  },
  { expected: [403] },
)

journey(
  'a link in a refusal that is a script, or leads to another origin, is not shown',
  '/',
  async ({ page }) => {
    for (const url of ['javascript:alert(1)', 'https://evil.example/login', '//evil.example/', 'data:text/html,x', 'http://[', 7]) {
      const message = `No: ${url}`
      route.answer = () => ({ status: 401, body: { message, url } })
      await item(page).press('b')
      await expect.poll(() => said(page).innerText()).toBe(message)
      expect(await page.getByRole('link').count()).toBe(0)
    }
  },
  { expected: [401] },
)

journey(
  'an answer that cannot be read, and none at all, say that the app is unreachable; the next letter tries again',
  '/',
  async ({ page }) => {
    for (const reply of [
      { status: 404, body: { message: 'There is no link field Visit.item.' } },
      { status: 503, body: { message: 'The primary site is unreachable.' } },
    ]) {
      route.answer = () => reply
      await item(page).press('b')
      await expect.poll(() => said(page).innerText()).toBe(reply.body.message)
    }
    for (const reply of [{ body: '<html>' }, { body: {} }, { body: 'null' }, { status: 502, body: '<html>' }, { status: 500, body: {} }]) {
      route.answer = () => found(bolts)
      await item(page).press('b')
      await expect.poll(() => options(page)).toHaveLength(2)
      route.answer = () => reply
      await item(page).press('b')
      await expect.poll(() => said(page).innerText()).toBe('The app itself is unreachable: check your connection.')
      expect(await options(page)).toEqual([])
    }
    await page.context().setOffline(true)
    await item(page).press('b')
    await expect.poll(() => said(page).innerText()).toBe('The app itself is unreachable: check your connection.')
    await page.context().setOffline(false)
  },
  { expected: [404, 500, 502, 503] },
)

journey(
  'when more cannot be had the list closes, for what is to be done stands below it',
  '/',
  async ({ page }) => {
    route.answer = paged(24)
    await item(page).click()
    await expect.poll(() => options(page)).toHaveLength(10)
    route.answer = () => ({ status: 401, body: { message: 'Access has ended.', url: '/connect/login' } })
    await page.keyboard.press('PageDown')
    await expect.poll(() => said(page).innerText()).toBe('Access has ended. Sign in with the primary site')
    expect(await options(page)).toEqual([])
    await Promise.all([page.waitForURL('**/connect/login'), page.getByRole('link').click()])
  },
  { expected: [401] },
)

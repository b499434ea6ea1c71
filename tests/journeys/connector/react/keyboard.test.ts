import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { tabTo } from '../../../support/browser/link-field.ts'
import { bolts, found, item, options, paged, reactJourneys, said, selected, told } from './react.fixture.ts'

const journey = reactJourneys()

const facts = (page: Page): Promise<(string | null)[]> =>
  Promise.all(['aria-expanded', 'aria-activedescendant'].map((name) => item(page).getAttribute(name)))

journey('the keyboard alone leads through a link field', '/', async ({ page }) => {
  await tabTo(page, item(page))
  expect(await facts(page)).toEqual(['false', null])
  expect(await item(page).getAttribute('aria-controls')).toBe(await page.locator('[role=listbox]').first().getAttribute('id'))
  await page.keyboard.type('bolt brass')
  await expect.poll(() => options(page)).toEqual(['BOL-0061\nBolt Brass M6, Products', 'BOL-0081\nBolt Brass M8, Products'])
  expect(journey.route.asked.at(-1)).toMatchObject({ field: 'Visit.item', text: 'bolt brass', start: null })
  expect(await page.getByRole('listbox', { name: 'Item' }).isVisible()).toBe(true)
  expect(await said(page).innerText()).toContain('2 shown')
  expect(await facts(page)).toEqual(['true', null])
  for (const [key, option] of [
    ['ArrowDown', 'BOL-0061'],
    ['ArrowDown', 'BOL-0081'],
    ['ArrowDown', 'BOL-0061'],
    ['ArrowUp', 'BOL-0081'],
  ] as const) {
    await page.keyboard.press(key)
    expect(await selected(page)).toEqual([expect.stringContaining(option)])
    expect(await facts(page)).toEqual(['true', await page.getByRole('option', { selected: true }).getAttribute('id')])
  }
  await page.keyboard.press('Escape')
  expect([await facts(page), await item(page).inputValue()]).toEqual([['false', null], 'bolt brass'])
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => selected(page)).toEqual([expect.stringContaining('BOL-0061')])
  await page.keyboard.press('Enter')
  expect([await facts(page), await item(page).inputValue()]).toEqual([['false', null], 'BOL-0061'])
  expect(await told(page)).toBe(`chosen ${JSON.stringify(bolts[0])}`)
  expect(await said(page).innerText()).toBe('Bolt Brass M6, Products')
  await page.keyboard.press('Escape')
  expect([await item(page).inputValue(), await told(page)]).toEqual(['', 'text'])
  journey.route.answer = () => found([])
  await page.keyboard.type('no such thing')
  await expect.poll(() => said(page).innerText()).toBe('Nothing found.')
  expect(await told(page)).toBe('text no such thing')
})

journey('ArrowUp opens the list at its end, and Tab leaves it without a choice', '/', async ({ page }) => {
  await tabTo(page, item(page))
  await page.keyboard.press('ArrowUp')
  await expect.poll(() => selected(page)).toEqual([expect.stringContaining('BOL-0081')])
  await page.keyboard.press('Tab')
  expect([await options(page), await told(page), await said(page).innerText()]).toEqual([[], 'text', ''])
  expect(await page.getByRole('combobox', { name: 'Customer' }).evaluate((element) => element === document.activeElement)).toBe(true)
})

journey('Home and End stay with the text, and so does every key together with another', '/', async ({ page }) => {
  await item(page).fill('bolt')
  await expect.poll(() => options(page)).toHaveLength(2)
  const caret = (): Promise<unknown> => item(page).evaluate((input: HTMLInputElement) => [input.selectionStart, input.selectionEnd])
  await page.keyboard.press('Home')
  expect(await caret()).toEqual([0, 0])
  await page.keyboard.press('End')
  expect(await caret()).toEqual([4, 4])
  await page.keyboard.press('Shift+Home')
  expect(await caret()).toEqual([0, 4])
  for (const keys of ['Alt+ArrowDown', 'Control+ArrowDown', 'Shift+ArrowDown', 'Meta+Enter']) await page.keyboard.press(keys)
  expect([await selected(page), (await options(page)).length, await item(page).inputValue()]).toEqual([[], 2, 'bolt'])
  expect(journey.route.asked).toHaveLength(1)
})

journey('Enter without a choice is the form’s, and Escape in an empty field is the page’s', '/', async ({ page }) => {
  const left = await page.evaluateHandle(() => {
    const keys: string[] = []
    document.addEventListener('keydown', (event) => event.defaultPrevented || keys.push(event.key))
    document.addEventListener('submit', () => keys.push('submit'))
    return keys
  })
  await tabTo(page, item(page))
  await page.keyboard.press('Escape')
  expect(await left.jsonValue()).toContain('Escape')
  await item(page).pressSequentially('bolt')
  await expect.poll(() => options(page)).toHaveLength(2)
  await page.keyboard.press('Enter')
  expect(await left.jsonValue()).toEqual(expect.arrayContaining(['Enter', 'submit']))
  expect(await told(page)).toBe('text bolt')
})

journey('Page Down shows more and stands on the first of them, until there are no more', '/', async ({ page }) => {
  journey.route.answer = paged(24)
  await tabTo(page, item(page))
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => selected(page)).toEqual(['THI-0\nThing 0'])
  expect(await said(page).innerText()).toBe('10 shown, Page Down shows more. Use the arrow keys to choose.')
  await page.keyboard.press('PageDown')
  await expect.poll(() => selected(page)).toEqual(['THI-10\nThing 10'])
  await page.keyboard.press('PageDown')
  await expect.poll(() => selected(page)).toEqual(['THI-20\nThing 20'])
  expect(journey.route.asked.map(({ start }) => start)).toEqual([null, '10', '20'])
  expect(await said(page).innerText()).toBe('24 shown. Use the arrow keys to choose.')
  expect(await page.getByRole('option', { selected: true }).isVisible()).toBe(true)
  const inList = await page.getByRole('option', { selected: true }).evaluate((option) => {
    const [inner, outer] = [option, option.parentElement!].map((element) => element.getBoundingClientRect())
    return inner!.bottom <= outer!.bottom && inner!.top >= outer!.top
  })
  expect(inList).toBe(true)
  await page.keyboard.press('PageDown')
  await page.keyboard.press('ArrowDown')
  expect(await selected(page)).toEqual(['THI-21\nThing 21'])
  expect(journey.route.asked).toHaveLength(3)
})

journey('what an input method composes is left to it: its Enter and arrows choose nothing', '/', async ({ page }) => {
  await item(page).pressSequentially('bolt')
  await expect.poll(() => options(page)).toHaveLength(2)
  await page.keyboard.press('ArrowDown')
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Input.imeSetComposition', { text: 'ボルト', selectionStart: 3, selectionEnd: 3 })
  await expect.poll(() => item(page).inputValue()).toBe('boltボルト')
  // Letters that are composed are searched too: some keyboards of telephones compose all they write.
  await expect.poll(() => journey.route.asked.at(-1)?.text).toBe('boltボルト')
  await expect.poll(() => options(page)).toHaveLength(2)
  const composing = (key: string, init: object): Promise<boolean> =>
    item(page).evaluate(
      (input, { key: name, init: rest }) =>
        input.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...rest })),
      { key, init },
    )
  for (const key of ['ArrowDown', 'Enter', 'Escape']) {
    expect(await composing(key, { isComposing: true })).toBe(true)
    expect(await composing(key, { keyCode: 229 })).toBe(true)
  }
  expect([await selected(page), (await options(page)).length, await told(page)]).toEqual([[], 2, 'text boltボルト'])
  await devtools.send('Input.insertText', { text: 'ボルト' })
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  expect(await item(page).inputValue()).toBe('BOL-0061')
})

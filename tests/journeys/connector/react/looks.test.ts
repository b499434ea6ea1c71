import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { looksOver } from '../../../support/browser/looks.ts'
import { bolts, found, item, options, paged, reactJourneys, said, selected } from './react.fixture.ts'

const journey = reactJourneys()
const { route } = journey

const violations = async (page: Page): Promise<unknown[]> =>
  (await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])

const kept = found(bolts, { source: 'kept', staleSince: Date.UTC(2026, 10, 21, 8) })
const STALE = /^Primary site unreachable: showing what was seen last \(.*2026.*\)\.$/

async function open(page: Page): Promise<void> {
  await item(page).press('ArrowDown')
  await expect.poll(() => selected(page)).toHaveLength(1)
}

for (const colorScheme of ['light', 'dark'] as const)
  journey(
    `axe finds nothing in ${colorScheme} colours: closed, open, with more, stale, empty, in error`,
    '/?error=There%20is%20no%20such%20item.',
    async ({ page }) => {
      const look = async (state: string): Promise<void> => {
        expect([state, await violations(page)]).toEqual([state, []])
        await looksOver(page, `react-${colorScheme}-${state}`, colorScheme)
      }
      await look('closed')
      await open(page)
      await look('open')
      await item(page).press('Escape')
      route.answer = paged(24)
      await open(page)
      await look('more')
      await item(page).press('Escape')
      route.answer = () => kept
      await open(page)
      await look('stale')
      route.answer = () => found([])
      await item(page).press('x')
      await expect.poll(() => said(page).innerText()).toBe('Nothing found.')
      await look('empty')
      route.answer = () => ({ status: 401, body: { message: 'Access has ended.', url: '/connect/login' } })
      await item(page).press('x')
      await expect.poll(() => page.getByRole('link').count()).toBe(1)
      await look('refused')
    },
    { colorScheme, expected: [401] },
  )

journey(
  'the words around a field are its own: what is needed, what it is for, what is wrong',
  '/?error=No%20such%20item.',
  async ({ page }) => {
    const facts = await item(page).evaluate((input: HTMLInputElement) => ({
      described: (input.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent),
      invalid: input.getAttribute('aria-invalid'),
      required: input.required,
    }))
    expect(facts).toEqual({ described: ['What the visit was about', 'No such item.'], invalid: 'true', required: true })
    const customer = page.getByRole('combobox', { name: 'Customer' })
    expect([await customer.getAttribute('aria-describedby'), await customer.getAttribute('aria-invalid')]).toEqual([null, null])
  },
)

journey('what was seen before is marked as such, to the eye and to the ear', '/', async ({ page }) => {
  route.answer = () => kept
  await open(page)
  const banner = page.getByText(STALE).and(page.locator(':not([role=status])'))
  expect(await banner.isVisible()).toBe(true)
  expect(await said(page).innerText()).toMatch(/^Primary site unreachable: .* 2 shown/)
  route.answer = () => found(bolts)
  await item(page).press('b')
  await expect.poll(() => banner.count()).toBe(0)
  expect(await said(page).innerText()).toBe('2 shown. Use the arrow keys to choose.')
})

/** How far the text of an element is from its left and its right edge, in pixels. */
const margins = (target: Locator): Promise<{ left: number; right: number }> =>
  target.evaluate((element) => {
    const range = document.createRange()
    range.selectNodeContents(element.querySelector('bdi') ?? element)
    const [text, whole] = [range.getBoundingClientRect(), element.getBoundingClientRect()]
    return { left: text.left - whole.left, right: whole.right - text.right }
  })

for (const [path, near, far] of [
  ['/', 'left', 'right'],
  ['/rtl', 'right', 'left'],
] as const)
  journey(`at ${path} the text stands ${near}, the list below the whole input, and the keys are the same`, path, async ({ page }) => {
    route.answer = () => ({ ...paged(24)({ start: null } as never) })
    await open(page)
    const more = page.getByRole('button', { name: 'Show more' })
    for (const part of [page.getByRole('option').first(), more]) {
      const { [near]: at, [far]: from } = await margins(part)
      expect([at < 20, from > 100]).toEqual([true, true])
    }
    const [input, list] = await Promise.all([item(page).boundingBox(), page.getByRole('listbox').boundingBox()])
    expect(Math.abs(input!.x - list!.x)).toBeLessThan(2)
    expect(Math.abs(input!.width - list!.width)).toBeLessThan(4)
    expect(list!.y).toBeGreaterThanOrEqual(input!.y + input!.height - 1)
    route.answer = () => kept
    await item(page).press('b')
    await expect.poll(() => options(page)).toHaveLength(2)
    const banner = page.locator('p:not([role=status])').filter({ hasText: STALE })
    const edges = await banner.evaluate((element) => {
      const { borderLeftWidth, borderRightWidth } = getComputedStyle(element)
      return { left: borderLeftWidth, right: borderRightWidth }
    })
    expect(edges).toEqual({ [near]: '4px', [far]: '0px' })
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await selected(page)).toEqual([expect.stringContaining('BOL-0081')])
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    expect(await item(page).inputValue()).toBe('BOL-0061')
  })

journey('a docname is written in its own direction on a page of the other', '/rtl', async ({ page }) => {
  route.answer = () => found([{ value: '(BOL-1)', label: '(BOL-1)', description: '' }])
  await open(page)
  const places = await page.getByRole('option').evaluate((option) => {
    const text = document.createTreeWalker(option, NodeFilter.SHOW_TEXT).nextNode()!
    return [0, 6].map((place) => {
      const range = document.createRange()
      range.setStart(text, place)
      range.setEnd(text, place + 1)
      return range.getBoundingClientRect().left
    })
  })
  expect(places[0]).toBeLessThan(places[1]!)
})

const long = [{ value: 'DONAUDAMPFSCHIFFFAHRTSELEKTRIZITÄTENHAUPTBETRIEBSWERK-0001', label: 'Wort', description: 'x'.repeat(140) }]

for (const [name, viewport, zoom] of [
  ['320 pixels', { width: 320, height: 640 }, '100%'],
  ['320 pixels and letters of twice the size', { width: 320, height: 640 }, '200%'],
] as const)
  journey(
    `nothing runs out of a page of ${name}`,
    '/?error=There%20is%20no%20such%20item%20any%20more.',
    async ({ page }) => {
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), zoom)
      route.answer = () => found(long, { source: 'kept', staleSince: Date.UTC(2026, 10, 21, 8), more: true })
      await open(page)
      await looksOver(page, `react-320-${zoom}`, 'light')
      const inside = await page.getByRole('option').evaluate((option) => option.scrollWidth <= option.clientWidth)
      expect(inside).toBe(true)
    },
    { viewport },
  )

journey(
  'at a zoom of 200 % the list can be read and chosen from',
  '/',
  async ({ page }) => {
    await page.evaluate(() => (document.documentElement.style.zoom = '2'))
    await open(page)
    await looksOver(page, 'react-zoom', 'light')
    await page.getByRole('option', { name: 'BOL-0081' }).click()
    expect(await item(page).inputValue()).toBe('BOL-0081')
  },
  { viewport: { width: 640, height: 640 } },
)

journey(
  'where the system forces its colours, the suggestion stood on still stands out',
  '/',
  async ({ page }) => {
    await open(page)
    const outlines = await page
      .getByRole('option')
      .evaluateAll((all) => all.map((option) => `${getComputedStyle(option).outlineStyle} ${getComputedStyle(option).outlineWidth}`))
    expect(outlines[0]).toBe('solid 2px')
    expect(outlines[1]).toMatch(/^none/)
  },
  { forcedColors: 'active' },
)

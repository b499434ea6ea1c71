import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, it } from 'vitest'
import { FakeLinkRoute, openReactPage, type AskedLink, type LinkReply, type ReactPage } from '../../../support/browser/react-page.ts'
import { visit, type Tab, type VisitOptions } from '../../../support/browser/tab.ts'
import { launchOrSkip } from '../../../support/chromium.ts'

export const bolts = [
  { value: 'BOL-0061', label: 'BOL-0061', description: 'Bolt Brass M6, Products' },
  { value: 'BOL-0081', label: 'BOL-0081', description: 'Bolt Brass M8, Products' },
]

/** Names by their numbers: what the site has under any text. */
export const things = (from: number, to: number): typeof bolts =>
  Array.from({ length: to - from }, (_, place) => ({
    value: `THI-${from + place}`,
    label: `Thing ${from + place}`,
    description: '',
  }))

export const found = (items: typeof bolts, rest: object = {}): LinkReply => ({ body: { items, more: false, source: 'upstream', ...rest } })

/** A page of ten, of as many things as there are. */
export const paged =
  (total: number) =>
  ({ start }: AskedLink): LinkReply => {
    const from = Number(start ?? 0)
    return found(things(from, Math.min(from + 10, total)), { more: from + 10 < total })
  }

export interface ReactJourneys {
  readonly route: FakeLinkRoute
  /** A journey on the page, at one of its paths. */
  (name: string, path: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void
}

/** One page and one browser for the journeys of a file; each journey begins with a route that finds two bolts. */
export function reactJourneys(): ReactJourneys {
  const route = new FakeLinkRoute()
  let page: ReactPage
  let browser: Browser | undefined
  beforeAll(async () => {
    page = await openReactPage(new URL('page.tsx', import.meta.url), route.listener)
  })
  afterAll(async () => {
    await browser?.close()
    await page.close()
  })
  beforeEach(() => {
    route.asked.length = 0
    route.answer = () => found(bolts)
  })
  const journey = (name: string, path: string, act: (tab: Tab) => Promise<void>, options?: VisitOptions): void => {
    it(name, async (context) => {
      browser ??= await launchOrSkip(context)
      await visit(
        browser,
        async (tab) => {
          await tab.page.goto(`${page.url}${path}`)
          await act(tab)
        },
        options,
      )
    })
  }
  return Object.assign(journey, { route })
}

export const item = (page: Page): Locator => page.getByRole('combobox', { name: 'Item' })
export const options = (page: Page): Promise<string[]> => page.getByRole('option').allInnerTexts()
export const selected = (page: Page): Promise<string[]> => page.getByRole('option', { selected: true }).allInnerTexts()
/** What a screen reader is told of the first field. */
export const said = (page: Page): Locator => page.locator('[role=status]').first()
/** What the app was told last. */
export const told = (page: Page): Promise<string> => page.locator('output').last().innerText()

import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** A link field of the app. */
export const field = (page: Page, name: 'Item' | 'Customer'): Locator => page.getByRole('combobox', { name })
/** What its list shows, top to bottom. */
export const suggestions = (page: Page): Promise<string[]> => page.getByRole('option').allInnerTexts()
export const selected = (page: Page): Promise<string[]> => page.getByRole('option', { selected: true }).allInnerTexts()

/** Types into a link field and takes the one suggestion that this leaves. */
export async function choose(page: Page, name: 'Item' | 'Customer', text: string, value: string): Promise<void> {
  await field(page, name).pressSequentially(text)
  await expect.poll(async () => (await suggestions(page)).map((option) => option.split('\n')[0])).toEqual([value])
  await field(page, name).press('ArrowDown')
  await field(page, name).press('Enter')
  expect(await field(page, name).inputValue()).toBe(value)
}

/** Moves the focus by Tab alone. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let steps = 0; steps < 12; steps++) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${target.toString()}`)
}

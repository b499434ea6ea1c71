import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { bolts, found, options, paged, reactJourneys } from './react.fixture.ts'

const journey = reactJourneys()
const { route } = journey

const state = async (page: Page): Promise<unknown> => JSON.parse(await page.locator('output').innerText()) as unknown

journey('useLink gives an app’s own markup all that a link field does, in the app’s language', '/own', async ({ page }) => {
  const input = page.getByRole('combobox', { name: 'Kunde' })
  route.answer = paged(12)
  await input.pressSequentially('t')
  await expect.poll(() => options(page)).toHaveLength(10)
  expect(await page.locator('[role=status]').innerText()).toBe('10 Vorschläge.')
  expect(route.asked.at(-1)).toMatchObject({ field: 'Customer', text: 't', app: 'visits' })
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await page.keyboard.press('ArrowUp')
  expect(await state(page)).toEqual({ value: 't', open: true, active: 9, stale: false })
  expect((await options(page)).at(-1)).toBe('→ Thing 9')
  await page.getByRole('button', { name: 'Weitere' }).click()
  await expect.poll(() => options(page)).toHaveLength(12)
  expect((await options(page))[9]).toBe('→ Thing 9')
  await page.getByRole('option', { name: 'Thing 11' }).click()
  expect(await state(page)).toEqual({ value: 'THI-11', open: false, active: -1, stale: false })
  expect(await page.locator('[role=status]').innerText()).toBe('Thing 11')
})

journey(
  'useLink says in the app’s language what is wrong, and in English what the app left out',
  '/own',
  async ({ page }) => {
    const input = page.getByRole('combobox', { name: 'Kunde' })
    route.answer = () => found([])
    await input.press('x')
    await expect.poll(() => page.locator('[role=status]').innerText()).toBe('Nichts gefunden.')
    route.answer = () => ({ status: 401, body: { message: 'Zugang beendet.', url: '/connect/login' } })
    await input.press('x')
    await expect.poll(() => page.locator('[role=status]').innerText()).toBe('Zugang beendet.')
    expect(await page.getByRole('link', { name: 'Anmelden' }).isVisible()).toBe(true)
    route.answer = () => found(bolts, { source: 'kept' })
    await input.press('x')
    await expect
      .poll(() => page.locator('[role=status]').innerText())
      .toBe('Primary site unreachable: showing what was seen last. 2 Vorschläge.')
    expect(await state(page)).toMatchObject({ stale: true })
  },
  { expected: [401] },
)

import { join } from 'node:path'
import type { Page } from 'playwright-core'

/**
 * Judges the page as it stands: nothing runs out of its sides, all text stands out from what lies behind it, and the
 * colours are those that were asked for. With ANNEX_SCREENSHOTS, a folder, a picture goes there for human eyes.
 *
 * @throws {Error} with all that is wrong
 */
export async function looksOver(page: Page, name: string, colorScheme: 'light' | 'dark'): Promise<void> {
  const folder = process.env['ANNEX_SCREENSHOTS']
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  const { overflow, faint, ground } = await page.evaluate(measure)
  const isDark = ground < 0.2
  const faults = [
    ...(overflow > 0 ? [`it runs ${overflow} pixels out of its side`] : []),
    ...(isDark === (colorScheme === 'dark') ? [] : [`it is ${isDark ? 'dark' : 'light'}`]),
    ...faint.map((words) => `this is hardly seen: ${words}`),
  ]
  if (faults.length > 0) throw new Error(`The page ${name} does not look right: ${faults.join('; ')}`)
}

/** Runs in the page. Contrast as in WCAG 2.2, 1.4.3; what is disabled is exempt there, and here. */
function measure(): { overflow: number; faint: string[]; ground: number } {
  type Colour = readonly number[]
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
  const parse = (text: string): Colour => {
    context.clearRect(0, 0, 1, 1)
    context.fillStyle = text
    context.fillRect(0, 0, 1, 1)
    return [...context.getImageData(0, 0, 1, 1).data]
  }
  const behind = (element: Element | null): Colour => {
    if (!element) return [255, 255, 255, 255]
    const colour = parse(getComputedStyle(element).backgroundColor)
    return colour[3] === 255 ? colour : behind(element.parentElement)
  }
  const light = (colour: Colour): number => {
    const [red = 0, green = 0, blue = 0] = colour.map((part) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (element: Element): number => {
    const [low = 0, high = 0] = [light(parse(getComputedStyle(element).color)), light(behind(element))].toSorted((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  const shown = [...document.body.querySelectorAll('*')].filter((element) => {
    const hasText =
      element instanceof HTMLInputElement || [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim())
    return hasText && element.checkVisibility() && !element.matches(':disabled, :disabled *')
  })
  const faint = shown.filter((element) => contrast(element) < 4.5).map((element) => `${element.tagName} ${element.textContent}`)
  const { scrollWidth, clientWidth } = document.documentElement
  return { overflow: scrollWidth - clientWidth, faint, ground: light(behind(document.body)) }
}

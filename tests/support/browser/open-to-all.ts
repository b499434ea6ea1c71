import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/**
 * Judges the page for those who cannot see, or hear, or use a mouse.
 *
 * @throws {Error} with all that axe calls serious or critical
 */
export async function isOpenToAll(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  if (serious.length > 0)
    throw new Error(`The page ${name} is closed to some: ${serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`).join('; ')}`)
}

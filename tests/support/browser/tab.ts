import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** One tab of a browser, which notes everything that goes wrong in it. */
export class Tab {
  readonly page: Page
  readonly #faults: string[]
  /** Statuses that are no fault: what the visit is about. */
  readonly #expected: ReadonlySet<number>

  constructor(page: Page, expected: readonly number[], faults: string[] = []) {
    this.page = page
    this.#faults = faults
    this.#expected = new Set(expected)
    // Chromium says of each answer that is no success what `response` says too.
    page.on('console', (message) => {
      const isNews =
        ['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource: the server responded')
      if (isNews) this.#faults.push(`${message.type()}: ${message.text()}`)
    })
    page.on('pageerror', (error) => this.#faults.push(`script: ${error.message}`))
    page.on('response', (response) => {
      if (response.status() >= 400 && !this.#expected.has(response.status())) this.#faults.push(`${response.status()}: ${response.url()}`)
    })
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText
      // A link field drops the question that the next letter has overtaken.
      if (reason !== 'net::ERR_ABORTED') this.#faults.push(`${reason}: ${request.url()}`)
    })
  }

  /** Does something that leads to another page, and resolves when that has loaded. */
  async follow(act: Promise<unknown>): Promise<void> {
    await Promise.all([this.page.waitForEvent('load'), act])
  }

  async press(button: string): Promise<void> {
    await this.follow(this.page.getByRole('button', { name: button, exact: true }).click())
  }

  async open(link: string): Promise<void> {
    await this.follow(this.page.getByRole('link', { name: link, exact: true }).first().click())
  }

  /** Fills in the sign-in page of the primary site. */
  async signIn(user: string, password: string): Promise<void> {
    await this.page.getByLabel('E-mail address').fill(user)
    await this.page.getByLabel('Password').fill(password)
    await this.press('Sign in')
  }

  /** What stands on the page, as one reads it. */
  async reads(): Promise<string> {
    return (await this.page.locator('body').innerText()).replaceAll(/\s+/g, ' ')
  }

  /** One more tab of the same browser; its faults count here. */
  async another(): Promise<Tab> {
    return new Tab(await this.page.context().newPage(), [...this.#expected], this.#faults)
  }

  faults(): readonly string[] {
    return this.#faults
  }
}

export interface VisitOptions extends BrowserContextOptions {
  /** Statuses of refusals that this visit provokes. */
  readonly expected?: readonly number[]
}

/** One visit, with empty cookies: no error in the console, no broken policy, no failed request but those it says it provokes. */
export async function visit(
  browser: Browser,
  act: (tab: Tab) => Promise<void>,
  { expected = [], ...options }: VisitOptions = {},
): Promise<void> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(10_000)
  try {
    const tab = new Tab(await context.newPage(), expected)
    await act(tab)
    const faults = tab.faults()
    if (faults.length > 0) throw new Error(`The visit met faults: ${faults.join('; ')}`)
  } finally {
    await context.close()
  }
}

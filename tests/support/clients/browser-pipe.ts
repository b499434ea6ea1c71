import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'

const NOWHERE = 'about:blank'

/** The browser of a program that starts one: it says where it was sent, to whoever plays the person before it. */
export class BrowserPipe {
  /** What the program finds in BROWSER. */
  readonly program: string
  readonly #pipe: string

  private constructor(folder: string) {
    this.program = join(folder, 'browser.sh')
    this.#pipe = join(folder, 'sent')
  }

  static async open(folder: string): Promise<BrowserPipe> {
    const opened = new BrowserPipe(folder)
    await run('mkfifo', [opened.#pipe])
    await writeFile(opened.program, `#!/bin/sh\nprintf %s "$1" > '${opened.#pipe}'\n`, { mode: 0o755 })
    return opened
  }

  /** The address that it is sent to next; waits until it is. */
  sent(): Promise<string> {
    return readFile(this.#pipe, 'utf8')
  }

  /** Visits all that it is sent to until the work is done. */
  async during<T>(work: Promise<T>, visit: (url: string) => Promise<void>): Promise<T> {
    const [given] = await Promise.all([this.#endedBy(work), this.#visitAll(visit)])
    return given
  }

  async #visitAll(visit: (url: string) => Promise<void>): Promise<void> {
    for (let url = await this.sent(); url !== NOWHERE; url = await this.sent()) await visit(url)
  }

  /** Whoever reads a pipe waits for somebody who writes. */
  async #endedBy<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } finally {
      await writeFile(this.#pipe, NOWHERE)
    }
  }
}

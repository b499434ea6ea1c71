import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { around, type Environment } from './run.ts'

/** A program that is spoken to in lines of JSON. */
export class LineProgram {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #said = ''

  constructor(path: string, args: readonly string[], env: Environment) {
    const child = spawn(path, args, { env: { ...around(), ...env }, stdio: 'pipe' })
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (this.#said += text))
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    this.#child = child
  }

  send(message: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  /** The next line. @throws {Error} with what the program complained of when it ended instead */
  async next(): Promise<unknown> {
    const line = await this.#lines.next()
    if (line.done === true) throw new Error(`the program ended:\n${this.#said}`)
    return JSON.parse(line.value) as unknown
  }

  /** Ends it, as whoever started it does, by saying nothing more. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end()
    const patience = setTimeout(() => this.#child.kill(), 3000)
    await ended
    clearTimeout(patience)
  }
}

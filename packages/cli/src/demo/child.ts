import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A site that runs beside the demo, in a process of its own. */
export class Child {
  readonly #process: ChildProcess
  readonly #name: string
  readonly ended: Promise<number>

  private constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.#process = child
    this.ended = new Promise((done) => child.once('exit', (code) => done(code ?? 1)))
  }

  /**
   * Starts a TypeScript file on the Node that runs this one, and waits until it says that it listens.
   *
   * @throws {Error} with what it said last, when it ends before
   */
  static async start(name: string, file: string, environment: Readonly<Record<string, string>>): Promise<Child> {
    const process_ = spawn(process.execPath, ['--conditions=source', file], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    const child = new Child(name, process_)
    await child.#listening()
    return child
  }

  #listening(): Promise<void> {
    return new Promise((ready, fail) => {
      let last = ''
      const read = (line: string): void => {
        last = line
        if (line.startsWith('listening on')) ready()
      }
      for (const stream of [this.#process.stdout, this.#process.stderr]) if (stream) createInterface({ input: stream }).on('line', read)
      this.#process.once('exit', () => fail(new Error(`${this.#name} did not start: ${last}`)))
    })
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) this.#process.kill('SIGTERM')
    await this.ended
  }
}

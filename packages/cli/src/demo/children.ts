import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

const PATIENCE_MS = 10_000

/** The sites that run beside the demo, each in a process of its own. None outlives `stop`, those still starting included. */
export class Children {
  readonly #running: ChildProcess[] = []
  readonly #firstEnd = Promise.withResolvers<never>()

  constructor() {
    // Whoever asks `untilOneEnds` hears of it; nobody has to ask.
    this.#firstEnd.promise.catch(() => undefined)
  }

  /**
   * Starts a TypeScript file as this one runs, on the same Node with the same flags, and waits until it says that it listens.
   *
   * @throws {Error} with what it said last, when it ends before
   */
  start(name: string, file: string, environment: Readonly<Record<string, string>>): Promise<void> {
    const child = spawn(process.execPath, [...process.execArgv, file], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.push(child)
    return new Promise((ready, fail) => {
      let last = ''
      const read = (line: string): void => {
        last = line
        if (line.startsWith('listening on')) ready()
      }
      for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', read)
      child.once('error', fail)
      child.once('exit', () => {
        const error = new Error(`${name} ended: ${last}`)
        fail(error)
        this.#firstEnd.reject(error)
      })
    })
  }

  /** @throws {Error} with what the first one that ends said last */
  untilOneEnds(): Promise<never> {
    return this.#firstEnd.promise
  }

  /** Resolves when all have gone; one that does not heed SIGTERM within ten seconds is killed. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map(stopOne))
  }
}

function stopOne(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve()
  return new Promise((gone) => {
    const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    child.once('exit', () => {
      clearTimeout(patience)
      gone()
    })
    child.kill('SIGTERM')
  })
}

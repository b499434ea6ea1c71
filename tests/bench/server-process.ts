import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What a server process has used since it began. */
export interface Usage {
  /** Processor time, user and system, in microseconds. */
  readonly cpu: number
  /** Resident memory, in bytes. */
  readonly memory: number
}

export interface Launch {
  readonly file: URL
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

const reporter = new URL('./usage-reporter.ts', import.meta.url).href
const PATIENCE = 60_000

/** A server in a process of its own that can be asked what it uses. */
export class ServerProcess {
  readonly origin: string
  readonly #child: ChildProcess
  #asked = 0

  private constructor(child: ChildProcess, origin: string) {
    this.#child = child
    this.origin = origin
  }

  /** @throws {Error} with what it said last, when it does not say `listening on` within a minute */
  static async start({ file, args = [], nodeArgs = [], environment = {} }: Launch): Promise<ServerProcess> {
    const words = ['--conditions=source', '--import', reporter, ...nodeArgs, fileURLToPath(file), ...args]
    const child = spawn(process.execPath, words, {
      env: { ...bareEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    try {
      return new ServerProcess(child, await listening(child, basename(file.pathname)))
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  async usage(): Promise<Usage> {
    return (await this.ask('usage', PATIENCE)) as Usage
  }

  /**
   * Says a word that the process knows and waits for its answer to it.
   *
   * @param patience - milliseconds, after which it throws
   */
  async ask(word: string, patience: number): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = (this.#asked += 1)
    const listen = (message: unknown): void => {
      const { id: to, answer } = message as { id: number; answer: unknown }
      if (to === id) resolve(answer)
    }
    const fail = (): void => reject(new Error(`The server gave no answer to ${word}`))
    const late = setTimeout(fail, patience)
    this.#child.on('message', listen).once('exit', fail)
    try {
      this.#child.send({ id, word })
      return await promise
    } finally {
      clearTimeout(late)
      this.#child.off('message', listen).off('exit', fail)
    }
  }

  /** Ends it as an operator would; one that does not heed is killed. Can be repeated. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
    clearTimeout(patience)
  }
}

function listening(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let last = 'nothing'
    const fail = (): void => reject(new Error(`${name} did not start; it said: ${last}`))
    const patience = setTimeout(fail, PATIENCE)
    const read = (line: string): void => {
      last = line
      const origin = /^listening on (http:\/\/\S+)$/.exec(line)?.[1]
      if (origin === undefined) return
      clearTimeout(patience)
      child.off('exit', fail)
      resolve(origin)
    }
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', read)
    child.once('exit', fail)
    child.once('error', fail)
  })
}

/** Settings of whoever runs the bench must not decide what is measured. */
const bareEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ANNEX_|DATABASE_URL$|PORT$|NODE_OPTIONS$|VITEST)/.test(name)))

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from './site.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const programs = { site: join(root, 'packages/site/src/main.ts'), annex: join(root, 'packages/cli/src/main.ts') } as const

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Settings = Readonly<Record<string, string>>

/** One of our programs in a process of its own; nothing of the caller's ANNEX_ settings gets in. */
export class Program {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''

  constructor(program: keyof typeof programs, words: readonly string[], settings: Settings, launcher: readonly string[] = []) {
    const [command, ...line] = [...launcher, process.execPath, '--conditions=source', programs[program], ...words]
    this.process = spawn(command ?? '', line, { env: { ...bareEnvironment(), ...settings }, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = once(this.process, 'close').then(([code]) => ({ code: code as number | null, stdout: this.#stdout, stderr: this.#stderr }))
  }

  get output(): string {
    return this.#stdout + this.#stderr
  }

  /** The URL that a site says it listens on. @throws {Error} with its output, when it ends before */
  async listening(): Promise<string> {
    const ended = this.ended.then(() => undefined)
    for (;;) {
      const url = /listening on (\S+)\n/.exec(this.#stdout)?.[1]
      if (url !== undefined) return url
      const more = this.process.stdout ? once(this.process.stdout, 'data') : ended
      if ((await Promise.race([more, ended])) === undefined) throw new Error(`The site did not start:\n${this.output}`)
    }
  }

  /** Sends the signal and resolves to how the program ended. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.process.kill(signal)
    return this.ended
  }
}

/** Runs a program to its end. */
export const run = (program: keyof typeof programs, words: readonly string[], settings: Settings = {}): Promise<Ended> =>
  new Program(program, words, settings).ended

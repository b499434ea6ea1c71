import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from './site.ts'

/** The demo, run as `npm start` runs it, in a process of its own. */
export class DemoProgram {
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
  readonly #process: ChildProcess
  readonly #said: string[] = []

  constructor(folder: string, ...args: string[]) {
    this.#process = spawn(process.execPath, ['--conditions=source', demoProgram, ...args], {
      env: { ...bareEnvironment(), ANNEX_DEMO: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#said.push(text))
    this.ended = once(this.#process, 'close').then(([code]) => code as number | null)
  }

  /** What it has printed so far. */
  output(): string {
    return this.#said.join('')
  }

  /** Resolves once it has printed that. @throws {Error} with what it printed when it ends before */
  says(words: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => void (this.output().includes(words) && resolve())
      look()
      this.#process.stdout?.on('data', look)
      void this.ended.then(() => reject(new Error(`The demo ended:\n${this.output()}`)))
    })
  }

  /** Ends it as an operator would. */
  stop(): Promise<number | null> {
    this.#process.kill('SIGTERM')
    return this.ended
  }
}

export interface RunningDemo {
  readonly siteUrl: string
  readonly appUrl: string
  readonly ended: Promise<number | null>
  output(): string
  stop(): Promise<number | null>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const demoProgram = join(root, 'packages/cli/src/demo/main.ts')

export interface DemoFolder {
  readonly path: string
  remove(): Promise<void>
}

/** A folder for a demo: a copy of another, or one with nothing in it but ports that are free, which the demo tries first. */
export async function demoFolder(copyOf?: DemoFolder): Promise<DemoFolder> {
  const path = await mkdtemp(join(tmpdir(), 'annex-demo-'))
  if (copyOf) await cp(copyOf.path, path, { recursive: true })
  else
    await writeFile(join(path, 'demo.json'), JSON.stringify({ sitePort: await lastingPort(), appPort: await lastingPort(), made: false }))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** A free port below those that systems give to outgoing connections: it is still free when the demo starts again. */
async function lastingPort(): Promise<number> {
  const port = randomInt(15_000, 30_000)
  const server = createServer()
  try {
    await once(server.listen(port), 'listening')
  } catch {
    return lastingPort()
  }
  server.close()
  await once(server, 'close')
  return port
}

/** @throws {Error} with what it printed when it does not come up */
export async function startDemo(folder: string, ...args: string[]): Promise<RunningDemo> {
  const program = new DemoProgram(folder, ...args)
  await program.says('begins anew')
  const [, siteUrl = '', appUrl = ''] = /Primary site +(\S+)\s+Field Sales +(\S+)/.exec(program.output()) ?? []
  return { siteUrl, appUrl, ended: program.ended, output: () => program.output(), stop: () => program.stop() }
}

/** Runs Field Sales of a demo that has stopped, on its own. */
export async function startFieldSalesAlone(folder: string): Promise<{ stop(): Promise<void> }> {
  const { appPort } = JSON.parse(await readFile(join(folder, 'demo.json'), 'utf8')) as { appPort: number }
  const settings = {
    PORT: String(appPort),
    FIELD_SALES_CONFIG: join(folder, 'field-sales.json'),
    FIELD_SALES_DATA: join(folder, 'field-sales'),
  }
  const child = spawn(process.execPath, ['--conditions=source', join(root, 'apps/field-sales/src/main.ts')], {
    env: { ...bareEnvironment(), ...settings },
  })
  await once(child.stdout, 'data')
  return {
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { temporaryDatabase, type Engine, type TemporaryDatabase } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { Program } from '../support/program.ts'
import type { Mortal } from './lives.ts'

export const ADMIN_PASSWORD = 'a-password-for-tests-alone'

/** A real site in a process of its own, which begins anew at the same address. */
export class SoakSite implements Mortal {
  readonly name = 'site'
  readonly #place: TemporaryDatabase
  readonly #folder: string
  readonly #port: number
  #program: Program | undefined
  #url = ''

  private constructor(place: TemporaryDatabase, folder: string, port: number) {
    this.#place = place
    this.#folder = folder
    this.#port = port
  }

  static async open(engine: Engine): Promise<SoakSite> {
    const folder = await mkdtemp(join(tmpdir(), 'annex-soak-'))
    const site = new SoakSite(await temporaryDatabase(engine), folder, await freePort('127.0.0.1'))
    await site.start()
    return site
  }

  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    this.#program = new Program('site', [], {
      PORT: String(this.#port),
      ANNEX_DATA: this.#folder,
      DATABASE_URL: this.#place.url,
      ANNEX_ADMIN_PASSWORD: ADMIN_PASSWORD,
      ANNEX_ALLOW_PRIVATE: '127.0.0.0/8',
      NODE_COMPILE_CACHE: join(this.#folder, 'compiled'),
    })
    this.#url = await this.#program.listening()
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const program = this.#program
    this.#program = undefined
    if (program === undefined) return
    const patience = setTimeout(() => program.process.kill('SIGKILL'), 30_000)
    await program.stop(signal)
    clearTimeout(patience)
  }

  async remove(): Promise<void> {
    await this.stop('SIGTERM')
    await this.#place.remove()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

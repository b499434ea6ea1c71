import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CookieJar } from '../contract/cookie-jar.ts'
import { bareEnvironment } from '../support/site.ts'
import type { AppWork, Outcome } from './app-work.ts'
import type { Ledger } from './ledger.ts'
import type { Mortal } from './lives.ts'

const script = fileURLToPath(new URL('./app-process.ts', import.meta.url))
/** Milliseconds in which a process ends that is told to. */
const PATIENCE = 30_000

/** One process of an app, which begins anew at the same address. */
export class SoakApp implements Mortal {
  readonly name: string
  readonly url: string
  readonly #work: Omit<AppWork, 'run' | 'ledger'>
  readonly #ledger: Ledger
  #runs = 0
  #run = ''
  #child: ChildProcess | undefined
  #said = ''

  constructor(name: string, work: Omit<AppWork, 'run' | 'ledger'>, ledger: Ledger) {
    this.name = name
    this.url = `http://127.0.0.1:${work.port}`
    this.#work = work
    this.#ledger = ledger
  }

  async start(): Promise<void> {
    this.#run = `${this.name}${(this.#runs += 1)}`
    const work = JSON.stringify({ ...this.#work, run: this.#run, ledger: this.#ledger.url })
    const child = spawn(process.execPath, ['--conditions=source', '--expose-gc', script, work], {
      env: bareEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${this.#run} did not start:\n${this.#said}`)))
    ended.catch(() => undefined)
    await Promise.race([once(child.stdout, 'data'), ended])
    const run = this.#run
    child.once('exit', () => this.#child === child && this.#ledger.fault(`${run} ended by itself: ${this.#said.slice(-500)}`))
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const [child, run] = [this.#child, this.#run]
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const patience = setTimeout(() => {
      this.#ledger.fault(`${run} did not heed SIGTERM`)
      child.kill('SIGKILL')
    }, PATIENCE)
    child.kill(signal)
    await once(child, 'exit')
    clearTimeout(patience)
    this.#ledger.ended(run)
  }

  /** One call of a person. */
  async call(connection: string, renews: boolean): Promise<Outcome> {
    return (await this.#ask<Outcome>(`/call/${encodeURIComponent(connection)}${renews ? '?renew' : ''}`)) ?? 'down'
  }

  /** Bytes of the heap that are in use; undefined while it is down. */
  memory(): Promise<number | undefined> {
    return this.#ask<number>('/memory')
  }

  /**
   * The whole sign-in, in a browser of its own; gives the connection.
   *
   * @param allow goes to the site's address and gives where the site sends the browser
   * @throws {Error} when the app or the site is down, or lets nobody in
   */
  async signIn(allow: (url: string) => Promise<string>): Promise<string> {
    const jar = new CookieJar()
    const visit = async (url: string): Promise<Response> => {
      const response = await fetch(url, {
        headers: { cookie: jar.header() ?? '' },
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
      })
      jar.accept(response.headers)
      return response
    }
    const away = await visit(`${this.url}/connect/login`)
    const back = await visit(await allow(away.headers.get('location') ?? ''))
    if (back.status !== 303) throw new Error(`The app lets nobody in: ${back.status} ${await back.text()}`)
    const session = (await (await visit(`${this.url}/session`)).json()) as { connection: string } | null
    if (session === null) throw new Error('The app has no session of the person who signed in')
    return session.connection
  }

  async #ask<T>(path: string): Promise<T | undefined> {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(PATIENCE) })
      return response.ok ? ((await response.json()) as T) : undefined
    } catch {
      return undefined
    }
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeApp } from '../../../packages/create-annex-app/src/write-app.ts'
import { CookieJar } from '../../contract/cookie-jar.ts'
import type { Visitor } from '../../support/callers/visitor.ts'
import { around } from '../../support/clients/run.ts'
import { freePort } from '../../support/free-port.ts'

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const IS_UP = / is at /

/** An app as `npm create annex-app` writes it, on a socket: with node alone, and on this repository's packages as they stand. */
export class CreatedApp {
  readonly url: string
  readonly #site: string
  readonly #home: string
  #child: ChildProcess | undefined

  private constructor(site: string, url: string, home: string) {
    this.url = url
    this.#site = site
    this.#home = home
  }

  static async create(site: string, name: string): Promise<CreatedApp> {
    const home = await mkdtemp(join(tmpdir(), 'annex-shop-'))
    await writeApp({ folder: join(home, 'shop'), name, framework: 'node', upstream: site }, { dependencies: {}, files: {} })
    await symlink(MODULES, join(home, 'shop/node_modules'), 'junction')
    return new CreatedApp(site, `http://localhost:${await freePort()}`, home)
  }

  /**
   * Starts it, anew when it runs already.
   *
   * @throws {Error} with what it said, when it ends before it listens
   */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#stop()
    const env = { ...around(), SITE_URL: this.#site, APP_URL: this.url, PORT: new URL(this.url).port, ...settings }
    const words = ['--conditions=source', 'src/main.ts']
    const child = spawn(process.execPath, words, { cwd: join(this.#home, 'shop'), env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let said = ''
    await new Promise<void>((resolve, reject) => {
      const hear = (text: Buffer): void => {
        said += text.toString()
        if (IS_UP.test(said)) resolve()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('close', () => reject(new Error(`The app did not start:\n${said}`)))
    })
  }

  browser(): AppBrowser {
    return new AppBrowser(this.url)
  }

  async remove(): Promise<void> {
    await this.#stop()
    await rm(this.#home, { recursive: true, force: true })
  }

  async #stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'close')
  }
}

/** A browser in front of the app. */
export class AppBrowser {
  readonly #url: string
  readonly #jar = new CookieJar()

  constructor(url: string) {
    this.#url = url
  }

  async visit(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const cookie = this.#jar.header() ?? ''
    const response = await fetch(new URL(path, this.#url), { headers: { ...headers, cookie }, redirect: 'manual' })
    this.#jar.accept(response.headers)
    return response
  }

  async text(path: string): Promise<string> {
    return (await this.visit(path)).text()
  }

  /** To the site, where somebody is signed in already, and back. */
  async signIn(visitor: Visitor, path = '/connect/login', untick: readonly string[] = []): Promise<Response> {
    const away = await this.visit(path)
    const location = away.headers.get('location')
    if (location === null) throw new Error(`The app sends nobody to the site: ${away.status} ${await away.text()}`)
    return this.visit((await visitor.allow(location, untick)).href)
  }
}

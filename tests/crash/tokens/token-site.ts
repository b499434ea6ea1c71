import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CookieJar } from '../../contract/cookie-jar.ts'
import { Api } from '../../support/callers/api.ts'
import { registerApp, type App } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { temporaryDatabase, type Engine, type TemporaryDatabase } from '../../support/databases.ts'
import { Program } from '../../support/program.ts'

const ADMIN_PASSWORD = 'a-password-for-tests-alone'
const USER = 'ann@example.com'
const PASSWORD = 'Corr3ct-horse-killed'

export interface Begun {
  /** What its process loads before the site. */
  readonly preload: URL
  /** A program that runs the process: `strace …`. */
  readonly launcher?: readonly string[]
}

interface Apps {
  /** Its repeats get the same pair again for a minute. */
  readonly lenient: App
  /** A second exchange of one refresh token is a copy in other hands. */
  readonly strict: App
}

/** A site in a process of its own that may die at any time, to begin anew on the same database. */
export class TokenSite {
  readonly databaseUrl: string
  readonly #begun: Begun
  readonly #place: TemporaryDatabase
  readonly #folder: string
  readonly #jar = new CookieJar()
  #apps: Apps | undefined
  #program: Program | undefined
  #url = ''

  private constructor(begun: Begun, place: TemporaryDatabase, folder: string) {
    this.#begun = begun
    this.databaseUrl = place.url
    this.#place = place
    this.#folder = folder
  }

  /** With a person who is signed in, and two apps. */
  static async open(engine: Engine, begun: Begun): Promise<TokenSite> {
    const site = new TokenSite(begun, await temporaryDatabase(engine), await mkdtemp(join(tmpdir(), 'annex-killed-')))
    try {
      await site.start()
      await site.#people()
      return site
    } catch (error) {
      await site.remove()
      throw error
    }
  }

  async start(): Promise<void> {
    const settings = {
      PORT: '0',
      ANNEX_DATA: this.#folder,
      DATABASE_URL: this.databaseUrl,
      ANNEX_ADMIN_PASSWORD: ADMIN_PASSWORD,
      NODE_OPTIONS: `--import ${this.#begun.preload.href}`,
      NODE_COMPILE_CACHE: join(this.#folder, 'compiled'),
    }
    this.#program = new Program('site', [], settings, this.#begun.launcher)
    this.#url = await this.#program.listening()
  }

  get url(): string {
    return this.#url
  }

  get apps(): Apps {
    if (!this.#apps) throw new Error('The site has no apps yet')
    return this.#apps
  }

  /** What the process has printed so far. */
  get output(): string {
    return this.#program?.output ?? ''
  }

  /** The person's browser, signed in as ever. */
  get visitor(): Visitor {
    return new Visitor(this.#url, this.#jar)
  }

  administrator(): Promise<Api> {
    return Api.signIn(this.#url, 'Administrator', ADMIN_PASSWORD)
  }

  kill(): void {
    this.#program?.process.kill('SIGKILL')
  }

  /** Waits until the process is gone; the statement that killed it comes back. @throws {Error} when it ended in another way */
  async died(): Promise<string | undefined> {
    const ended = await this.#program?.ended
    if (!ended || ended.code !== null) throw new Error(`The site ended by itself: ${ended?.stderr}`)
    return /^killed \w+: (.*)$/m.exec(ended.stdout)?.[1]
  }

  /** Ends the process as an operator would. */
  async stop(): Promise<void> {
    await this.#program?.stop()
  }

  async remove(): Promise<void> {
    await this.#program?.stop('SIGKILL')
    await this.#place.remove()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #people(): Promise<void> {
    const admin = await this.administrator()
    await admin.insert('User', { email: USER, first_name: 'Ann', new_password: PASSWORD, roles: [{ role: 'Desk User' }] })
    const app = (rotation_leeway: number): Promise<App> => registerApp(admin, { scopes: 'openid', rotation_leeway })
    this.#apps = { lenient: await app(60), strict: await app(0) }
    await this.visitor.signIn(USER, PASSWORD)
  }
}

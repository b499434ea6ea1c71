import { TestApp, type AppSite } from '@annex/connector/testing'
import type { Connection, ConnectorOptions } from '@annex/connector'
import { ServerProcess } from '../server-process.ts'

const file = new URL('./fake-process.ts', import.meta.url)
const PATIENCE = 30_000

/** The fake site of another process, as an app here meets it. */
export class FakeSite {
  readonly server: ServerProcess
  readonly client: { readonly id: string; readonly secret: string }
  #ahead = 0

  private constructor(server: ServerProcess, client: FakeSite['client']) {
    this.server = server
    this.client = client
  }

  static async start(): Promise<FakeSite> {
    const server = await ServerProcess.start({ file })
    return new FakeSite(server, (await server.ask('client', PATIENCE)) as FakeSite['client'])
  }

  /** Milliseconds that its clock is ahead of the time of day. */
  get ahead(): number {
    return this.#ahead
  }

  async advance(ms: number): Promise<void> {
    this.#ahead += ms
    await this.server.ask(`advance ${ms}`, PATIENCE)
  }

  /** How often a token was asked for. */
  async asked(): Promise<number> {
    return (await this.server.ask('asked', PATIENCE)) as number
  }

  /** An app in this process, and the person who has signed in to it. */
  async signIn(options: Partial<ConnectorOptions>): Promise<{ readonly app: TestApp; readonly connection: Connection }> {
    const site: AppSite = {
      issuer: this.server.origin,
      client: this.client,
      clock: { now: () => Date.now() + this.#ahead },
      fetch,
      allow: async (url) => (await this.server.ask(`allow ${url}`, PATIENCE)) as string,
    }
    const app = new TestApp(site, options)
    await app.signIn()
    return { app, connection: await app.connection() }
  }
}

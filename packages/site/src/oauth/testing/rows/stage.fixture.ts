import type { Provider } from '../provider.fixture.ts'
import { Browser, connect, register, renew, request, swap, type App, type Reply, type Tokens } from '../app.fixture.ts'

type Values = Readonly<Record<string, string | readonly string[]>>

/** Whom and what an attack is about: an app of its own, and a person who has just signed in. */
export class Stage {
  readonly provider: Provider
  readonly app: App
  readonly user: string
  readonly alice: Browser

  private constructor(provider: Provider, app: App, alice: Browser, user: string) {
    ;[this.provider, this.app, this.alice, this.user] = [provider, app, alice, user]
  }

  static async set(provider: Provider, user: string, client: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
    const app = await register(provider, client)
    return new Stage(provider, app, await new Browser(provider).signIn(user), user)
  }

  /** Somebody who has not signed in. */
  guest(): Browser {
    return new Browser(this.provider)
  }

  register(values: Readonly<Record<string, unknown>> = {}): Promise<App> {
    return register(this.provider, values)
  }

  authorize(values: Values = {}, browser = this.alice): Promise<Reply> {
    return browser.authorize(request(this.app, values))
  }

  code(values: Values = {}): Promise<string> {
    return this.alice.code(request(this.app, { prompt: 'consent', ...values }))
  }

  swap(code: string, values: Values = {}, app = this.app): Promise<Reply> {
    return swap(this.provider, app, code, values)
  }

  renew(refresh: string, values: Values = {}, app = this.app): Promise<Reply> {
    return renew(this.provider, app, refresh, values)
  }

  tokens(values: Values = {}): Promise<Tokens> {
    return connect(this.provider, this.alice, this.app, { prompt: 'consent', ...values })
  }
}

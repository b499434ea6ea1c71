import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../../../packages/site/src/config.ts'
import { Browser, connect, register, type App, type Reply } from '../../../../packages/site/src/oauth/testing/app.fixture.ts'
import type { AttackRow } from '../../../../packages/site/src/oauth/testing/rows/attack-row.fixture.ts'
import type { Ground } from '../../../../packages/site/src/oauth/testing/rows/stored-state.fixture.ts'
import { ADMINISTRATOR } from '../../../../packages/site/src/policy/principal.ts'
import { openSite, type Site } from '../../../../packages/site/src/site.ts'
import { Api, type Reply as ApiReply } from '../../../support/callers/api.ts'
import { temporaryDatabase, type Engine } from '../../../support/databases.ts'

/** Of one session. */
const USES = 20
export const PASSWORD = 'Corr3ct-horse-battery'
type Values = Readonly<Record<string, unknown>>
/** A row that is tried on a whole site. */
export type SiteRow = AttackRow<SiteStage>
export type OpensSite = (engine: Engine) => Promise<Ground<SiteStage>>
/** The rows of a table ask as a program does, and the answer is judged as one of a browser. */
export type Act = (api: Api, stage: SiteStage) => Promise<ApiReply>

/** A whole site, guard and files included, in this process. */
export class WholeSite {
  readonly site: Site
  readonly provider: { readonly base: string; readonly oauth: Pick<Site, 'clients'> }
  readonly #browsers = new Map<string, { readonly browser: Promise<Browser>; uses: number }>()

  private constructor(site: Site, base: string) {
    this.site = site
    this.provider = { base, oauth: site }
  }

  static async listen(site: Site): Promise<WholeSite> {
    return new WholeSite(site, (await site.listen()).issuer)
  }

  insert(doctype: string, ...documents: readonly Values[]): Promise<unknown> {
    return this.site.backend.insert(ADMINISTRATOR, doctype, documents)
  }

  update(doctype: string, name: string, values: Values): Promise<Values> {
    return this.site.backend.update(ADMINISTRATOR, { doctype, name, values })
  }

  read(doctype: string, name: string): Promise<Values> {
    return this.site.backend.read(ADMINISTRATOR, { doctype, name })
  }

  /** Signed in once for many rows, and anew before the site finds that one session asks too often. */
  browser(user: string): Promise<Browser> {
    const known = this.#browsers.get(user)
    if (known && (known.uses += 1) < USES) return known.browser
    const browser = new Browser(this.provider).signIn(user, PASSWORD)
    this.#browsers.set(user, { browser, uses: 0 })
    return browser
  }

  async session(user: string): Promise<Api> {
    const { cookie } = await this.browser(user)
    return new Api(this.provider.base, { cookie })
  }
}

/** Whom and what an attack on documents is about: an app of its own on a site with people. */
export class SiteStage {
  readonly on: WholeSite
  readonly provider: WholeSite['provider']
  readonly app: App

  private constructor(on: WholeSite, app: App) {
    ;[this.on, this.provider, this.app] = [on, on.provider, app]
  }

  static async set(on: WholeSite, client: Values = {}): Promise<SiteStage> {
    return new SiteStage(on, await register(on.provider, { allowed_roles: [{ role: 'All' }], ...client }))
  }

  /** The API with a token of this person for the app. */
  async byToken(user: string, scope: string): Promise<Api> {
    const { access } = await connect(this.provider, await this.on.browser(user), this.app, { scope, prompt: 'consent' })
    return Api.byToken(this.provider.base, access)
  }
}

export const seen = ({ status, text, headers, body }: ApiReply): Reply => ({ status, text, headers, json: body, location: undefined })

/** What kind of error it is, in the shape of either version of the API; undefined for none. */
export function kindOf({ json }: Reply): unknown {
  const [error] = (json['errors'] ?? []) as readonly Readonly<Record<string, unknown>>[]
  return json['exc_type'] ?? error?.['type']
}

/** A site that is filled so, on a free port. */
export const siteGround =
  (fill: (on: WholeSite) => Promise<void>): OpensSite =>
  async (engine) => {
    const place = await temporaryDatabase(engine)
    const folder = await mkdtemp(join(tmpdir(), 'annex-attacked-'))
    const settings = { PORT: '0', ANNEX_LOG_LEVEL: 'silent', ANNEX_ADMIN_PASSWORD: PASSWORD, ANNEX_ALLOW_PRIVATE: '127.0.0.0/8' }
    const site = await openSite(readConfig({ ...settings, DATABASE_URL: place.url, ANNEX_DATA: folder }))
    const on = await WholeSite.listen(site)
    await fill(on)
    return {
      ...site.rooms,
      stage: (client) => SiteStage.set(on, client),
      close: async () => {
        await site.close()
        await place.remove()
        await rm(folder, { recursive: true, force: true })
      },
    }
  }

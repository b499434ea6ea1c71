import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Reply } from '../../support/callers/api.ts'
import { connect, registerApp, renew, type App, type Tokens } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { launchOrSkip } from '../../support/chromium.ts'
import { engines } from '../../support/databases.ts'
import { looksOver } from '../../support/browser/looks.ts'
import { isOpenToAll } from '../../support/browser/open-to-all.ts'
import { visit } from '../../support/browser/tab.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'Corr3ct-horse-journey'
const NORA = 'nora@example.com'
const MIA = 'mia@example.com'
const SCOPES = 'openid Role:read User:read'

interface World {
  readonly site: RunningSite
  readonly admin: Api
  readonly mia: Api
  readonly nora: Api
  readonly app: App
  readonly tokens: Tokens
}

async function open(engine: 'sqlite' | 'postgres'): Promise<World> {
  const site = await startSite(engine)
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const [email, roles] of [
    [NORA, [{ role: 'Desk User' }]],
    [MIA, [{ role: 'System Manager' }]],
  ] as const)
    await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD, roles })
  const app = await registerApp(admin, { app_name: 'Route Planner', scopes: SCOPES })
  const tokens = await connect(await new Visitor(site.url).signIn(NORA, PASSWORD), app, SCOPES)
  const [mia, nora] = [await Api.signIn(site.url, MIA, PASSWORD), await Api.signIn(site.url, NORA, PASSWORD)]
  return { site, admin, mia, nora, app, tokens }
}

/** What the methods answer, as far as these tests look into it. */
interface Told {
  readonly client: string
  readonly calls: number
  readonly rights: readonly unknown[]
  readonly refusals: readonly unknown[]
  readonly days: readonly unknown[]
  readonly settings: unknown
  readonly secrets: readonly unknown[]
  readonly grants: readonly ToldGrant[]
}

interface ToldGrant {
  readonly grant: string
  readonly networks: readonly unknown[]
  readonly tokens: readonly { readonly kind: string; readonly token: string }[]
}

const messageOf = (reply: Reply): Told => reply.body['message'] as Told
const listOf = (reply: Reply): readonly Told[] => reply.body['message'] as readonly Told[]

describe.each(engines)('what an app did, on %s', (engine) => {
  let world: World
  beforeAll(async () => {
    world = await open(engine)
  })
  afterAll(() => world.site.close())

  it('is known by right and by refusal, to its user and to System Managers', async () => {
    const { nora, mia, app, tokens, site } = world
    const program = Api.byToken(site.url, tokens.access)
    for (const _ of [1, 2]) await program.list('User')
    expect((await program.list('ToDo')).status).toBe(403)
    expect((await program.list('No Such Thing')).status).toBe(403)
    const own = messageOf(await nora.get('annex.apps.my_usage', { client: app.id }))
    const all = messageOf(await mia.get('annex.apps.usage', { client: app.id }))
    for (const report of [own, all]) {
      expect(report.calls).toBe(4)
      expect(report.rights).toContainEqual({ what: 'User', right: 'read', count: 2 })
      expect(report.refusals).toContainEqual({ reason: 'scope', act: 'list ToDo', scope: 'ToDo:read', count: 1 })
      expect(JSON.stringify(report)).not.toContain('No Such Thing')
      expect(report.days).toHaveLength(30)
      expect(report.days.at(-1)).toMatchObject({ calls: 4, refused: expect.any(Number) })
    }
  })

  it('and who is connected is listed in JSON, without anything that opens', async () => {
    const { nora, mia, app, tokens } = world
    const [mine] = listOf(await nora.get('annex.apps.mine'))
    expect(mine).toMatchObject({ client: app.id, app_name: 'Route Planner', scopes: SCOPES.split(' ') })
    expect(mine?.grants[0]?.networks).toMatchObject([{ network: '127.0.0' }])
    expect(mine?.grants[0]?.tokens.map(({ kind }) => kind).toSorted()).toEqual(['access', 'refresh'])
    const whole = messageOf(await mia.get('annex.apps.get', { client: app.id }))
    expect(whole.settings).toMatchObject({ app_name: 'Route Planner', state: 'Active' })
    expect(whole.secrets).toHaveLength(1)
    expect(whole.grants).toMatchObject([{ user: NORA }])
    for (const secret of [tokens.access, tokens.refresh, app.secret]) expect(JSON.stringify([mine, whole])).not.toContain(secret)
  })

  it('is for System Managers alone where it is not one’s own, and for no app', async () => {
    const { nora, app, tokens, admin, site } = world
    for (const method of ['list', 'get', 'usage', 'advice', 'approvals'])
      expect((await nora.get(`annex.apps.${method}`, { client: app.id })).status, method).toBe(403)
    for (const method of ['take_away', 'set_state', 'rotate_secret', 'end_secret', 'end_all', 'decide'])
      expect(
        (
          await nora.post(`annex.apps.${method}`, {
            client: app.id,
            scope: 'openid',
            state: 'Retired',
            secret: 'x',
            user: NORA,
            decision: 'approve',
          })
        ).status,
        method,
      ).toBe(method === 'end_all' ? 417 : 403)
    const wide = await registerApp(admin, { app_name: 'Wide', scopes: 'openid all method:annex.apps.*' })
    const of = await connect(await new Visitor(site.url).signIn(NORA, PASSWORD), wide, 'openid all method:annex.apps.*')
    for (const token of [tokens.access, of.access]) {
      const program = Api.byToken(site.url, token)
      expect((await program.get('annex.apps.mine')).status).toBe(403)
      expect((await program.post('annex.apps.end', { all: 1 })).status).toBe(403)
    }
    expect((await new Api(site.url).get('annex.apps.mine')).status).toBe(403)
  })

  it('ends by method: a token, a connection, everything', async () => {
    const { nora, mia, admin, site } = world
    const app = await registerApp(admin, { app_name: 'Short Lived', scopes: SCOPES })
    const visitor = await new Visitor(site.url).signIn(NORA, PASSWORD)
    const fresh = (): Promise<Tokens> => connect(visitor, app, SCOPES)
    const isAlive = async ({ access }: Tokens): Promise<boolean> =>
      (await Api.byToken(site.url, access).get('frappe.auth.get_logged_user')).status === 200
    const grantsOf = async (): Promise<readonly ToldGrant[]> =>
      listOf(await nora.get('annex.apps.mine')).find(({ client }) => client === app.id)?.grants ?? []

    const first = await fresh()
    const access = (await grantsOf())[0]?.tokens.find(({ kind }) => kind === 'access')
    expect((await nora.post('annex.apps.end', { token: access?.token })).status).toBe(200)
    expect(await isAlive(first)).toBe(false)
    expect((await renew(site.url, app, first.refresh)).status).toBe(200)
    expect((await nora.post('annex.apps.end', { grant: (await grantsOf())[0]?.grant })).status).toBe(200)
    expect(await grantsOf()).toEqual([])
    const second = await fresh()
    expect(messageOf(await mia.post('annex.apps.end_all', { client: app.id }))).toEqual({ ended: 1 })
    expect(await isAlive(second)).toBe(false)
    const third = await fresh()
    expect((await nora.post('annex.apps.end', {})).status).toBe(417)
    await mia.post('annex.apps.set_state', { client: app.id, state: 'Retired' })
    expect(await isAlive(third)).toBe(false)
  })
})

describe('the pages on what apps do, in a browser', () => {
  let world: World
  let browser: Browser | undefined
  beforeAll(async () => {
    world = await open('sqlite')
    for (const _ of [1, 2]) await Api.byToken(world.site.url, world.tokens.access).list('User')
    await Api.byToken(world.site.url, world.tokens.access).list('ToDo')
    await world.admin.update('OAuth Client', world.app.id, { redirect_uris: `${world.app.redirectUri}\nhttps://app.example.com/cb` })
  })
  afterAll(async () => {
    await browser?.close()
    await world.site.close()
  })

  for (const colorScheme of ['light', 'dark'] as const)
    it(`can be read and used by everybody on a phone in ${colorScheme} colours, without scripts of theirs`, async (context) => {
      browser ??= await launchOrSkip(context)
      const { site, app } = world
      const pages = [
        [NORA, ['/my-apps', `/my-apps/${app.id}`]],
        [
          MIA,
          [
            '/connected-apps',
            '/connected-apps/approvals',
            '/connected-apps/settings',
            ...['', '/use', '/told'].map((page) => `/connected-apps/${app.id}${page}`),
          ],
        ],
      ] as const
      for (const [user, paths] of pages)
        await visit(
          browser,
          async (tab) => {
            await tab.page.goto(site.url + paths[0])
            await tab.signIn(user, PASSWORD)
            for (const path of paths) {
              await tab.page.goto(site.url + path)
              for (const closed of await tab.page.locator('details > summary').all()) await closed.click()
              await looksOver(tab.page, `apps-${colorScheme}-${path.replaceAll('/', '-')}`, colorScheme)
              await isOpenToAll(tab.page, path)
            }
          },
          { colorScheme, viewport: { width: 360, height: 640 } },
        )
    })

  it('let a person end a connection by keyboard', async (context) => {
    browser ??= await launchOrSkip(context)
    const { site, app } = world
    await visit(browser, async (tab) => {
      const { page } = tab
      await page.goto(`${site.url}/my-apps/${app.id}`)
      await tab.signIn(NORA, PASSWORD)
      expect(await tab.reads()).toContain('It was not granted ToDo:read')
      const button = page.getByRole('button', { name: /^End this connection/ })
      for (let presses = 0; presses < 60 && !(await button.evaluate((element) => element === document.activeElement)); presses += 1)
        await page.keyboard.press('Tab')
      await tab.follow(page.keyboard.press('Enter'))
      expect(await tab.reads()).toContain('No app has access to your account.')
    })
  })
})

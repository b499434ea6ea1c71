import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Receiver } from '../../packages/site/src/webhooks/receiver.fixture.ts'
import { connect, registerApp, type App } from '../support/callers/connected-app.ts'
import { Visitor, type Page } from '../support/callers/visitor.ts'
import { engines } from '../support/databases.ts'
import { Mailbox } from '../support/mailbox.ts'
import { run } from '../support/program.ts'
import type { Canary } from './canary.ts'
import { HiddenSite, PASSWORD } from './hidden-site.fixture.ts'
import { PEOPLE } from './narrow-tokens.ts'

const OUTSIDER = 'outsider@example.com'
const HIDDEN_USER = 'hidden@example.com'
/** What is asked about: what nobody may see, what some may, and somebody. */
const ASKED = [
  ['Vault', 'V1'],
  ['Deal', 'B1'],
  ['Buyer', 'Buyer B'],
  ['User', HIDDEN_USER],
  ['Vault', ''],
] as const
const PAGES = ['/app', '/account', '/account/factor', '/my-apps', '/connected-apps', '/connected-apps/new', '/connected-apps/settings']
const MORE_PAGES = ['/connected-apps/approvals', '/explain', '/device', '/api/docs', '/login', '/logout', '/forgot-password', '/reset-link']
const SECRET_OF_TRAIL = ({ inTrail }: Canary): boolean => inTrail !== true

describe.each(engines)('What is hidden, on %s, is told to nobody beside the API:', (engine) => {
  const mailbox = new Mailbox()
  let receiver: Receiver
  let hidden: HiddenSite
  let listening: App
  const visitors: Record<string, Visitor> = {}
  /** Of refusals, by those to whom they were told. */
  const incidents: Record<string, string[]> = { [PEOPLE.clerk]: [], [PEOPLE.lead]: [] }

  beforeAll(async () => {
    receiver = await new Receiver().open()
    const mail = { ANNEX_SMTP_URL: await mailbox.open(), ANNEX_MAIL_FROM: 'Annex <site@example.com>' }
    hidden = await HiddenSite.open(engine, { ...mail, ANNEX_TRUSTED_PROXIES: '127.0.0.0/8' })
    await hidden.admin.insert('User', { email: OUTSIDER, first_name: 'Outsider', new_password: PASSWORD })
    for (const user of [OUTSIDER, PEOPLE.clerk, PEOPLE.lead]) visitors[user] = await new Visitor(hidden.site.url).signIn(user, PASSWORD)
    visitors['Guest'] = new Visitor(hidden.site.url)
    const heard = { event_uri: `${receiver.url}/events`, backchannel_logout_uri: `${receiver.url}/logout` }
    listening = await registerApp(hidden.admin, { app_name: 'Listening', scopes: 'openid all Deal:read', ...heard })
    for (const user of [PEOPLE.clerk, PEOPLE.lead]) await connect(visitors[user]!, listening, 'openid all Deal:read')
    for (const { api, person } of hidden.callers)
      for (const [doctype, name] of ASKED) {
        const path = `/api/resource/${doctype}/${encodeURIComponent(name)}`
        const incident = (await api.send('GET', path)).headers.get('x-annex-incident')
        if (incident !== null) incidents[PEOPLE[person]]?.push(incident)
      }
  })
  afterAll(async () => {
    await hidden.close()
    await receiver.close()
    await mailbox.close()
  })

  /** What a page tells this person and should not; a System Manager may know what the trail names. */
  const toldIn = ({ text, headers }: Pick<Page, 'text' | 'headers'>, user: string): string[] =>
    hidden.canaries
      .in(`${text} ${JSON.stringify([...headers])}`)
      .filter((canary) => user !== PEOPLE.lead || SECRET_OF_TRAIL(canary))
      .map(({ what }) => what)

  it('by no page, to those who may open it and to those who may not', async () => {
    const apps = (await hidden.admin.list('OAuth Client', { limit_page_length: 0 })).body['data'] as { name: string }[]
    const ofApps = apps.flatMap(({ name }) => ['', '/use', '/told'].map((end) => `/connected-apps/${name}${end}`))
    const [statuses, connections] = [new Set<number>(), new Set<string>()]
    const look = async (user: string, path: string): Promise<void> => {
      const page = await visitors[user]!.get(path)
      statuses.add(page.status)
      expect([user, path, ...toldIn(page, user)]).toEqual([user, path])
      expect(page.status).toBeLessThan(500)
      for (const [, link] of page.text.matchAll(/href="([^"]+\/connections\/[^"]+)"/g)) connections.add(link!)
    }
    for (const user of Object.keys(visitors))
      for (const path of [...PAGES, ...MORE_PAGES, ...ofApps, ...apps.map(({ name }) => `/my-apps/${name}`)]) await look(user, path)
    expect([...connections].map((path) => path.split('/')[1])).toEqual(expect.arrayContaining(['my-apps', 'connected-apps']))
    for (const path of connections) for (const user of Object.keys(visitors)) await look(user, path)
    expect([...statuses]).toEqual(expect.arrayContaining([200, 302, 403]))
    const shown = await visitors[PEOPLE.lead]!.get('/connected-apps')
    expect(hidden.canaries.in(shown.text).map(({ what }) => what)).toEqual(['the name of another app'])
  })

  it('by no answer to why something was refused, asked by whoever and about whoever', async () => {
    const ids = Object.values(incidents).flatMap((found) => [...found.slice(0, 3), ...found.slice(-3)])
    expect(ids.length).toBeGreaterThan(6)
    const tokens = hidden.callers.filter((_caller, place) => place % 4 === 0).map(({ token }) => token)
    for (const user of [OUTSIDER, PEOPLE.clerk, PEOPLE.lead]) {
      const visitor = visitors[user]!
      const csrf = /name="csrf_token" value="([^"]+)"/.exec((await visitor.get('/explain')).text)?.[1] ?? ''
      const questions = [
        ...ids.map((incident) => ({ incident })),
        ...ASKED.map(([doctype, name]) => ({ client: listening.id, right: 'read', doctype, name })),
        ...tokens.flatMap((token) => ASKED.slice(0, 3).map(([doctype, name]) => ({ token, right: 'write', doctype, name }))),
      ]
      const answers = new Set<number>()
      // A person may ask so much in a minute.
      for (const question of questions.slice(0, 55)) {
        const page = await visitor.post('/explain', { csrf_token: csrf, ...question })
        answers.add(page.status)
        expect([user, question, ...toldIn(page, user)]).toEqual([user, question])
      }
      expect([...answers]).toContain(user === PEOPLE.lead ? 200 : 403)
    }
  })

  it('nor by the commands for operators: explain, and the trail as it is exported', async () => {
    const settings = { DATABASE_URL: hidden.site.databaseUrl, ANNEX_DATA: hidden.site.folder, ANNEX_URL: hidden.site.url }
    const narrow = hidden.callers.find(({ narrow: { filters } }) => filters !== undefined)
    const asked = [
      ['explain', narrow?.token ?? '', 'read', 'Deal', 'B1'],
      ['explain', narrow?.token ?? '', 'read', 'Vault', 'V1'],
      ['explain', incidents[PEOPLE.clerk]?.[0] ?? ''],
      ['audit', 'export'],
    ]
    for (const words of asked) {
      const { code, stdout, stderr } = await run('annex', words, settings)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout.length).toBeGreaterThan(50)
      expect(hidden.canaries.in(stdout).filter(SECRET_OF_TRAIL)).toEqual([])
    }
  })

  it('by no mail but that to oneself', async () => {
    const forget = visitors['Guest']!
    for (const [place, user] of [PEOPLE.clerk, HIDDEN_USER].entries())
      await forget.post('/api/method/frappe.core.doctype.user.user.reset_password', { user }, { 'x-forwarded-for': `192.0.2.${place}` })
    await hidden.admin.update('User', OUTSIDER, { new_password: 'An0ther-horse-battery' })
    for (const [user, words] of [
      [PEOPLE.clerk, 'update-password'],
      [HIDDEN_USER, 'update-password'],
      [OUTSIDER, 'Your password was changed'],
    ] as const)
      await mailbox.find(user, words)
    for (const { to, text } of mailbox.mails)
      expect([to, ...hidden.canaries.in(text).map(({ what }) => what)]).toEqual(
        to === HIDDEN_USER && text.includes('cnry') ? [to, 'the name of a user'] : [to],
      )
  })

  it('by no event call and no logout token', async () => {
    await hidden.admin.update('OAuth Client', listening.id, { scopes: 'openid Deal:read' })
    await hidden.admin.update('User', PEOPLE.clerk, { enabled: 0 })
    // Of both it holds less, and of one it ends: three events and a logout token.
    const calls = await receiver.heard(4)
    for (const { path, headers, body } of calls) {
      const said = `${JSON.stringify(headers)} ${body} ${decoded(body)}`
      expect([path, ...hidden.canaries.in(said).map(({ what }) => what)]).toEqual([path])
    }
    expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['/events', '/logout']))
    const told = await visitors[PEOPLE.lead]!.get(`/connected-apps/${listening.id}/told`)
    expect([told.status, ...toldIn(told, PEOPLE.lead)]).toEqual([200])
  })

  it('and stands in no line of the log', () => expect(hidden.canaries.in(hidden.site.output())).toEqual([]))
})

/** The parts of a JWT within, as text. */
const decoded = (body: string): string =>
  body
    .split(/[.=&]/)
    .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    .join(' ')

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { updateMessage } from '../../../webhooks/outbox-store.ts'
import { Browser, connect, person, register, type App, type Reply } from '../../testing/app.fixture.ts'
import { csrfOf } from '../../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const EVENTS = 'https://app.example.com/events'
const LOGOUT = 'https://app.example.com/logout'
const ENDED = 1_700_000_000_000_000
const LATER = 4_000_000_000_000_000

describe.each(engines)('the page on what an app is told, on %s', (engine) => {
  let provider: Provider
  let sam: Browser
  let csrf_token: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }] }))
    csrf_token = csrfOf(await sam.get('/connected-apps/new'))
  })
  afterAll(() => provider.close())

  const pathOf = (app: App, act = 'told'): string => `/connected-apps/${app.id}/${act}`
  /** The cards under a heading of the page. */
  const group = (page: Reply, title: string): string => page.text.split(/<h2>/).find((text) => text.startsWith(title)) ?? ''
  const idsOf = (text: string): string[] => [...new Set([...text.matchAll(/name="delivery" value="([^"]+)"/g)].map(([, id]) => String(id)))]
  const events = async (app: App, event: string): Promise<number> => {
    const tables = provider.database.connection.withTables<{ audit: { event: string; client: string } }>()
    return (await tables.selectFrom('audit').select('event').where('event', '=', event).where('client', '=', app.id).execute()).length
  }

  /** An app that is to hear of so many ended grants. */
  async function told(count: number): Promise<App> {
    const app = await register(provider, { app_name: 'Listening', event_uri: EVENTS })
    for (let turn = 0; turn < count; turn += 1) await connect(provider, await new Browser(provider).signIn(await person(provider)), app)
    await sam.post(pathOf(app, 'end-all'), { csrf_token })
    return app
  }

  it('shows what waits, what was given up and what arrived, and is reached from the pages of the app', async () => {
    const app = await told(3)
    const first = await sam.get(pathOf(app))
    const [dead = '', done = '', waiting = ''] = idsOf(group(first, 'Waiting (3)'))
    const { connection } = provider.database
    await updateMessage(connection, dead, { state: 'dead', attempts: 9, finished: provider.now(), last_error: 'The app answered 500' })
    await updateMessage(connection, done, { state: 'done', attempts: 1, finished: provider.now() })
    const page = await sam.get(pathOf(app))
    expect(page.text).toContain(EVENTS)
    expect(idsOf(group(page, 'Waiting (1)'))).toEqual([waiting])
    expect(group(page, 'Given up (1)')).toMatch(/A grant ended or narrowed[^]*manager_revoked[^]*The app answered 500/)
    expect(idsOf(group(page, 'Given up (1)'))).toEqual([dead])
    expect(idsOf(group(page, 'Arrived (1)'))).toEqual([done])
    for (const act of ['retry-delivery', 'forget-delivery']) expect(page.text).toContain(`action="${pathOf(app, act)}"`)
    expect((await sam.get(pathOf(app, 'use'))).text).toContain('Messages that wait: 1. Given up: 1.')
    for (const path of [`/connected-apps/${app.id}`, pathOf(app, 'use')])
      expect((await sam.get(path)).text).toContain(`href="${pathOf(app)}"`)
  })

  /** The names and values of a part of the page. */
  const factsIn = (text: string): [string, string][] =>
    [...text.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>([^]*?)<\/dd>/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/<[^>]*>/g, '').trim(),
    ])

  it('says where the app listens, and where it does not', async () => {
    const [app, deaf] = [await told(0), await register(provider, { app_name: 'Deaf', backchannel_logout_uri: LOGOUT })]
    const page = await sam.get(pathOf(app))
    expect(page.text).toContain('<title>Listening: What it is told')
    expect(page.text).toContain(`href="/connected-apps/${app.id}"`)
    const addresses = async (one: App): Promise<string[]> =>
      factsIn(group(await sam.get(pathOf(one)), 'Where it listens')).map(([, address]) => address)
    expect([await addresses(app), await addresses(deaf)]).toEqual([
      [EVENTS, 'none set'],
      ['none set', LOGOUT],
    ])
  })

  it('says of each message when it arrived, was given up or is tried next; one that is due at once has no such time', async () => {
    const app = await told(4)
    const [dead = '', done = '', later = '', now = ''] = idsOf((await sam.get(pathOf(app))).text)
    const { connection } = provider.database
    await updateMessage(connection, dead, { state: 'dead', attempts: 9, finished: ENDED })
    await updateMessage(connection, done, { state: 'done', attempts: 1, finished: ENDED + 60_000_000 })
    await updateMessage(connection, later, { attempts: 2, next_at: LATER })
    const page = await sam.get(pathOf(app))
    const cards = page.text.split('<h3>').slice(1)
    /** The heading, and the facts behind those that all have. */
    const cardOf = (id: string): unknown[] => {
      const card = cards.find((text) => text.includes(`value="${id}"`)) ?? ''
      const [reason, grant, ...facts] = factsIn(card)
      expect([reason, grant?.[0]]).toEqual([['Reason', 'manager_revoked'], 'Connection'])
      return [/^[^<]*/.exec(card)?.[0], ...facts]
    }
    const made = expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:\d\d: A grant ended or narrowed$/) as string
    expect([dead, done, later, now].map(cardOf)).toEqual([
      [made, ['Attempts', '9'], ['Given up', '2023-11-14 22:13']],
      [made, ['Attempts', '1'], ['Arrived', '2023-11-14 22:14']],
      [made, ['Attempts', '2'], ['Next attempt', '2096-10-02 07:06']],
      [made, ['Attempts', '0']],
    ])
  })

  it('sends one again, and forgets one, which the trail remembers', async () => {
    const app = await told(2)
    const [one = '', two = ''] = idsOf((await sam.get(pathOf(app))).text)
    await updateMessage(provider.database.connection, one, { state: 'dead', attempts: 9, finished: provider.now() })
    const retried = await sam.post(pathOf(app, 'retry-delivery'), { delivery: one, csrf_token })
    expect([retried.status, retried.location?.pathname]).toEqual([303, pathOf(app)])
    expect(idsOf(group(await sam.get(pathOf(app)), 'Waiting (2)')).toSorted()).toEqual([one, two].toSorted())
    const forgotten = await sam.post(pathOf(app, 'forget-delivery'), { delivery: one, csrf_token })
    expect([forgotten.status, forgotten.location?.pathname]).toEqual([303, pathOf(app)])
    expect(idsOf((await sam.get(pathOf(app))).text)).toEqual([two])
    expect([await events(app, 'oauth.delivery.retried'), await events(app, 'oauth.delivery.forgotten')]).toEqual([1, 1])
    expect((await sam.post(pathOf(app, 'retry-delivery'), { delivery: one, csrf_token })).status).toBe(404)
    const other = await told(1)
    expect((await sam.post(pathOf(other, 'forget-delivery'), { delivery: two, csrf_token })).status).toBe(404)
    expect(idsOf((await sam.get(pathOf(app))).text)).toEqual([two])
  })

  it('makes a new event secret, shown once, beside the old one; for an app without an address none', async () => {
    const [app, deaf] = [await told(0), await register(provider, { app_name: 'Deaf' })]
    expect((await sam.get(pathOf(deaf))).text).not.toContain('rotate-event-secret')
    expect((await sam.post(pathOf(deaf, 'rotate-event-secret'), { csrf_token })).status).toBe(417)
    const made = await sam.post(pathOf(app, 'rotate-event-secret'), { csrf_token })
    const [secret = ''] = /whsec_[A-Za-z0-9+/=]{20,}/.exec(made.text) ?? []
    expect(made.text).toMatch(/<h2><bdi>Listening<\/bdi><\/h2>[^]*The secret before it works until \d{4}-/)
    expect((await provider.telling.eventSecrets.read(app.id))[0]).toBe(secret)
    const page = await sam.get(pathOf(app))
    const ends = factsIn(page.text).filter(([name]) => name === 'Ends')
    const time = expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:\d\d$/) as string
    expect([page.text.includes('whsec_'), ends]).toEqual([false, [['Ends', time]]])
    await provider.oauth.clients.setState(ADMINISTRATOR, app.id, 'Suspended')
    expect((await sam.get(pathOf(app))).text).toContain('rotate-event-secret')
    await provider.oauth.clients.retire(ADMINISTRATOR, app.id)
    expect((await sam.get(pathOf(app))).text).not.toContain('rotate-event-secret')
  })

  it('is for System Managers alone, with the form of their session', async () => {
    const app = await told(1)
    const [delivery = ''] = idsOf((await sam.get(pathOf(app))).text)
    const clerk = await new Browser(provider).signIn(await person(provider))
    const theirs = csrfOf(await clerk.get('/app'))
    expect((await clerk.get(pathOf(app))).status).toBe(403)
    for (const act of ['retry-delivery', 'forget-delivery', 'rotate-event-secret']) {
      expect((await clerk.post(pathOf(app, act), { delivery, csrf_token: theirs })).status, act).toBe(403)
      expect((await sam.post(pathOf(app, act), { delivery, csrf_token: theirs })).status, act).toBe(400)
    }
    expect(idsOf((await sam.get(pathOf(app))).text)).toEqual([delivery])
  })
})

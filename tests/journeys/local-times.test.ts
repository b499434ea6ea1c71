import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, pathOf, type Values } from '../support/callers/api.ts'
import { connect, form, registerApp } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { readTable } from '../support/stolen/stored.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice' }
const KOLKATA_AHEAD = 5.5 * 3_600_000

const VISIT = {
  name: 'Visit',
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 },
    { fieldname: 'starts', fieldtype: 'Datetime', label: 'Starts' },
    { fieldname: 'day', fieldtype: 'Date', label: 'Day', default: 'Today' },
    { fieldname: 'noted', fieldtype: 'Datetime', label: 'Noted', default: 'Now' },
  ],
  permissions: [{ role: 'All' }],
}

/** Milliseconds since 1970, as a clock in Kolkata shows them. */
const inKolkata = (millis: number): string => new Date(millis + KOLKATA_AHEAD).toISOString().replace('T', ' ').slice(0, 19)

describe.each(engines)('A site in Kolkata, on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  beforeAll(async () => {
    site = await startSite(engine, { ANNEX_TIMEZONE: 'Asia/Kolkata' })
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('DocType', VISIT)
  })
  afterAll(() => site.close())

  const stored = async (title: string): Promise<Values> =>
    (await readTable(site.databaseUrl, 'tabVisit')).find((row) => row['name'] === title) ?? {}
  const names = async (filters: unknown): Promise<unknown> =>
    ((await admin.list('Visit', { filters, order_by: 'name' })).body['data'] as Values[]).map((row) => row['name'])

  it('shows when a document was made by the clock on its wall, and keeps it in UTC', async () => {
    const before = Date.now()
    const made = await admin.insert('Visit', { title: 'Made now' })
    const after = Date.now()
    expect(made['creation']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
    expect(made['modified']).toBe(made['creation'])
    expect([inKolkata(before), inKolkata(after)]).toContain(String(made['creation']).slice(0, 19))
    expect([inKolkata(before), inKolkata(after)]).toContain(String(made['noted']).slice(0, 19))
    expect([inKolkata(before).slice(0, 10), inKolkata(after).slice(0, 10)]).toContain(made['day'])
    const micros = Number((await stored('Made now'))['creation'])
    expect(micros / 1000).toBeGreaterThanOrEqual(before)
    expect(micros / 1000).toBeLessThanOrEqual(after + 1)
    expect(inKolkata(Math.floor(micros / 1000))).toBe(String(made['creation']).slice(0, 19))
  })

  it.each([
    ['Naive', '2026-01-15 00:30:00', '2026-01-15 00:30:00'],
    ['With a T', '2026-01-15T00:30:00', '2026-01-15 00:30:00'],
    ['In UTC', '2026-01-14T19:00:00Z', '2026-01-15 00:30:00'],
    ['Elsewhere', '2026-01-14T14:00:00-05:00', '2026-01-15 00:30:00'],
    ['A day', '2026-01-15', '2026-01-15 00:00:00'],
  ])('takes a time as it is written there: %s', async (title, sent, shown) => {
    const made = await admin.insert('Visit', { title, starts: sent })
    expect(made['starts']).toBe(shown)
    expect((await admin.read('Visit', title))['starts']).toBe(shown)
    const utc = Date.UTC(2026, 0, 14, 18, shown.includes('00:30') ? 60 : 30) * 1000
    expect((await stored(title))['starts']).toBe(utc)
    expect((await admin.list('Visit', { fields: ['starts'], filters: { name: title } })).body).toEqual({ data: [{ starts: shown }] })
  })

  it('filters by that same text, and by days that begin at its own midnight', async () => {
    for (const [title, starts] of [
      ['Last of the 19th', '2026-03-19 23:59:59'],
      ['First of the 20th', '2026-03-20 00:00:00'],
      ['Last of the 20th', '2026-03-20 23:59:59.999999'],
      ['First of the 21st', '2026-03-21 00:00:00'],
    ] as const)
      await admin.insert('Visit', { title, starts })
    expect(await names([['starts', '=', '2026-03-20 00:00:00']])).toEqual(['First of the 20th'])
    expect(await names([['starts', 'between', ['2026-03-20', '2026-03-20']]])).toEqual(['First of the 20th', 'Last of the 20th'])
    expect(
      await names([
        ['starts', '>=', '2026-03-20'],
        ['starts', '<', '2026-03-21'],
      ]),
    ).toEqual(['First of the 20th', 'Last of the 20th'])
    expect(
      await names([
        ['starts', '>', '2026-03-20 23:59:59'],
        ['starts', '<', '2026-04-01'],
      ]),
    ).toEqual(['First of the 21st', 'Last of the 20th'])
    expect(await names([['starts', 'in', ['2026-03-19 23:59:59', '2026-03-21 00:00:00']]])).toEqual([
      'First of the 21st',
      'Last of the 19th',
    ])
  })

  it('filters documents by when they were changed, in that text', async () => {
    const first = await admin.insert('Visit', { title: 'Changed first' })
    const second = await admin.insert('Visit', { title: 'Changed second' })
    expect(await names([['modified', '>=', first['modified']]])).toEqual(['Changed first', 'Changed second'])
    expect(await names([['modified', '>', first['modified']]])).toEqual(['Changed second'])
    expect(await names([['modified', '=', second['modified']]])).toEqual(['Changed second'])
    expect(
      await names([
        ['modified', '>', utcOf(first['modified'])],
        ['name', 'like', 'Changed%'],
      ]),
    ).toEqual(['Changed first', 'Changed second'])
  })

  it('compares that text when a document is saved', async () => {
    const made = await admin.insert('Visit', { title: 'Locked' })
    const save = (modified: unknown) => admin.send('PUT', pathOf('Visit', 'Locked'), { modified, starts: '2026-01-01 10:00:00' })
    for (const wrong of [
      utcOf(made['modified']),
      String(made['modified']).slice(0, 19),
      `${String(made['modified'])}+05:30`,
      '2026-01-01 00:00:00.000000',
    ]) {
      expect(await save(wrong), wrong).toMatchObject({ status: 417, body: { exc_type: 'TimestampMismatchError' } })
    }
    const saved = await save(made['modified'])
    expect(saved.status, saved.text).toBe(200)
    const { modified } = saved.body['data'] as Values
    expect(String(modified) > String(made['modified'])).toBe(true)
    expect(await save(made['modified'])).toMatchObject({ status: 417, body: { exc_type: 'TimestampMismatchError' } })
    expect((await save(modified)).status).toBe(200)
  })

  it('tells apps the true time, and people the time on the wall', async () => {
    await admin.insert('User', ALICE)
    const app = await registerApp(admin, { app_name: 'Clockwork', scopes: 'openid all' })
    const alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
    const before = Date.now()
    const { access, idToken } = await connect(alice, app, 'openid all')
    const introspected = await form(site.url, 'introspect_token', { token: access, client_id: app.id, client_secret: app.secret })
    expect(Math.abs(Number(introspected.body['exp']) - before / 1000 - 3600)).toBeLessThan(30)
    const claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<string, number>
    for (const claim of ['iat', 'auth_time']) expect(Math.abs((claims[claim] ?? 0) - before / 1000)).toBeLessThan(30)
    const [token] = (await admin.list('OAuth Bearer Token', { fields: ['*'] })).body['data'] as Values[]
    const ends = Date.parse(`${String(token?.['expiration_time']).replace(' ', 'T')}+05:30`)
    expect(Math.abs(ends - before - 3_600_000)).toBeLessThan(30_000)
    const page = (await alice.get('/my-apps')).text
    expect([inKolkata(before), inKolkata(Date.now())].some((time) => page.includes(time.slice(0, 16)))).toBe(true)
  })
})

/** The same moment as a clock in Greenwich shows it. */
const utcOf = (shown: unknown): string => {
  const text = String(shown)
  return (
    new Date(Date.parse(`${text.slice(0, 23).replace(' ', 'T')}Z`) - KOLKATA_AHEAD).toISOString().replace('T', ' ').slice(0, 23) +
    text.slice(23)
  )
}

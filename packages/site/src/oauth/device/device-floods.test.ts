import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../tests/support/query-plans.ts'
import { sweep } from '../storage/sweep-store.ts'
import { Browser, TOKEN, person, post, readConsent, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { GRANT, begin, registerTerminal } from './device.fixture.ts'

describe.each(engines)('Whoever floods the site with device codes, on %s,', (engine) => {
  let provider: Provider
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await registerTerminal(provider)
  })
  afterAll(() => provider.close())

  const start = async (): Promise<{ device: string; code: string }> => {
    const { json } = await begin(provider, app)
    return { device: String(json['device_code']), code: String(json['user_code']) }
  }
  const poll = (device: string): Promise<Reply> => post(provider, TOKEN, { grant_type: GRANT, device_code: device, client_id: app.id })
  const signedIn = async (): Promise<Browser> => new Browser(provider).signIn(await person(provider))
  const open = (browser: Browser, code: string): Promise<Reply> => browser.get(`/device?user_code=${code}`)
  const rows = async (): Promise<Record<string, unknown>[]> =>
    (await sql<Record<string, unknown>>`select pace, polled_at, resource from oauth_device`.execute(provider.database.connection)).rows

  it('has no more guesses by sending all of them at once', async () => {
    const mallory = await signedIn()
    const replies = await Promise.all(Array.from({ length: 30 }, () => open(mallory, 'BCDF-GHJK')))
    expect([400, 429].map((wanted) => replies.filter(({ status }) => status === wanted).length)).toEqual([10, 20])
  })

  it('and who opens many codes that are there has guessed none of them', async () => {
    const alice = await signedIn()
    const { code } = await start()
    for (let times = 0; times < 12; times += 1) expect((await open(alice, code)).status).toBe(200)
  })

  it('makes nothing be written any more once a device must wait longer than it lives', async () => {
    await sql`delete from oauth_device`.execute(provider.database.connection)
    const { device, code } = await start()
    await poll(device)
    const asked: unknown[] = []
    for (let times = 0; times < 122; times += 1) asked.push((await poll(device)).json['error'])
    expect(new Set(asked)).toEqual(new Set(['slow_down']))
    const before = await rows()
    expect(before).toMatchObject([{ pace: 605 }])
    provider.advance(300)
    expect((await poll(device)).json['error']).toBe('slow_down')
    expect(await rows()).toEqual(before)
    expect((await open(await signedIn(), code)).status).toBe(200)
  })

  it('keeps it busy with no form of very many fields', async () => {
    const alice = await signedIn()
    const { code } = await start()
    const page = readConsent(await open(alice, code))
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`n${index}`, '']))
    const reply = await alice.post('/device', { ...page, ...many, decision: 'allow' })
    expect([reply.status, reply.text.includes('too many fields')]).toEqual([400, true])
    expect((await alice.post('/device', { ...page, stuffing: 'a'.repeat(2_200_000), decision: 'allow' })).status).toBe(413)
    expect((await alice.post('/device', { ...page, decision: 'allow' })).status).toBe(200)
  })

  it('keeps no megabytes in a row', async () => {
    const reply = await begin(provider, app, { resource: `${provider.base}/${'a'.repeat(5000)}` })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_target'])
  })

  it('keeps nobody waiting when what has ended is looked for', async () => {
    const plans = await plansOf(provider.database, () => sweep(provider.database.connection, provider.now()))
    expect(plans.find((plan) => plan.includes('oauth_device'))).toMatch(/oauth_device_expires/)
  })
})

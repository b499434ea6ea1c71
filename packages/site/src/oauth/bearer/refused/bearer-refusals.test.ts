import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import { Browser, REVOKE, connect, me, person, post, register, type App, type Reply } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { tokenKey } from '../../token-text.ts'
import { invalidToken } from '../bearer-authenticator.ts'
import { BearerRefusals } from './bearer-refusals.ts'

const UNKNOWN = `at1_${'A'.repeat(43)}`
const HEADER = 'x-annex-incident'

interface Given {
  readonly provider: Provider
  readonly app: App
  readonly user: string
  readonly access: string
}

const setState = ({ provider, app }: Given, state: string): Promise<unknown> =>
  provider.oauth.clients.update(ADMINISTRATOR, app.id, { state })
const alter = ({ provider }: Given, statement: ReturnType<typeof sql>): Promise<unknown> => statement.execute(provider.database.connection)

const cases: readonly [reason: string, end: (given: Given) => unknown, refusedBy: string][] = [
  ['grant ended', ({ provider, access }) => post(provider, REVOKE, { token: access }), 'grant'],
  ['app suspended', (given) => setState(given, 'Suspended'), 'app'],
  [
    'earlier epoch',
    ({ app, ...given }) => alter({ ...given, app }, sql`update oauth_grant set epoch = epoch - 1 where client = ${app.id}`),
    'grant',
  ],
  [
    'resource',
    ({ app, ...given }) =>
      alter({ ...given, app }, sql`update oauth_token set resource = 'https://else.example.com' where client = ${app.id}`),
    'token',
  ],
]

describe.each(engines)('a call with a token that is not good, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  async function given(): Promise<Given> {
    const [user, app] = [await person(provider), await register(provider)]
    const { access } = await connect(provider, await new Browser(provider).signIn(user), app)
    return { provider, app, user, access }
  }
  const seen = ({ status, text, headers }: Reply): unknown => [status, text, headers.get('www-authenticate')]
  const incidentOf = ({ headers }: Reply): string => headers.get(HEADER) ?? ''
  const caller = (user: string): Principal => ({ ...ADMINISTRATOR, user, roles: new Set(['Desk User']) })
  const openRefusals = (): BearerRefusals =>
    new BearerRefusals({
      ...provider,
      usage: provider.oauth.usage,
      invalidToken: (incident) => invalidToken(provider.base, incident),
    })

  it.each(cases)('that is refused as %s is answered like an unknown one, counted and explained', async (reason, end, refusedBy) => {
    const one = await given()
    await end(one)
    const [reply, unknown] = [await me(provider, one.access), await me(provider, UNKNOWN)]
    expect(seen(reply)).toEqual(seen(unknown))
    expect(reply.status).toBe(401)
    expect([...reply.headers.keys()].toSorted()).toEqual([...unknown.headers.keys()].toSorted())
    await provider.audit.flush(true)
    const rows = await provider.trail.latest({ event: 'oauth.bearer.refused', client: one.app.id }, 10)
    expect(rows).toMatchObject([{ user: one.user, ip: '127.0.0.1', incident: incidentOf(reply), detail: { reason } }])
    expect(await provider.oauth.usage.details([one.app.id], 2)).toContainEqual(
      expect.objectContaining({ outcome: 'token', what: reason, count: 1 }),
    )
    for (const who of [ADMINISTRATOR, caller(one.user)]) {
      const told = await provider.oauth.explain.incident(who, incidentOf(reply))
      if (told === 'not entitled' || !told) throw new Error('nothing')
      expect(told.explanation).toMatchObject({ allowed: false, client: { id: one.app.id } })
      const refusing = told.explanation?.findings.filter(({ outcome }) => outcome === 'refuses') ?? []
      expect(refusing.map(({ check }) => check)).toContain(refusedBy)
      for (const { remedy } of refusing) expect(remedy).toBeTruthy()
    }
    expect(await provider.oauth.explain.incident(caller('stranger@example.com'), incidentOf(reply))).toBe('not entitled')
  })

  it.each<[reason: string, statement: (given: Given) => ReturnType<typeof sql>, refusedBy: string]>([
    ['user', ({ user }) => sql`update account set enabled = 0 where "user" = ${user}`, 'user'],
    ['not open', ({ app }) => sql`update "tabOAuth Client" set authorization_policy = 'After Approval' where name = ${app.id}`, 'app'],
    ['app retired', ({ app }) => sql`update "tabOAuth Client" set enabled = 0, state = 'Retired' where name = ${app.id}`, 'app'],
    ['app pending', ({ app }) => sql`update "tabOAuth Client" set enabled = 0, state = 'Pending' where name = ${app.id}`, 'app'],
    ['app removed', ({ app }) => sql`delete from "tabOAuth Client" where name = ${app.id}`, 'app'],
    ['other user', ({ app }) => sql`update oauth_grant set kind = 'service' where client = ${app.id}`, 'token'],
  ])('says %s where that alone is the matter', async (reason, statement, refusedBy) => {
    const one = await given()
    await alter(one, statement(one))
    await provider.generation.bump(provider.database.connection)
    const reply = await me(provider, one.access)
    expect(seen(reply)).toEqual(seen(await me(provider, UNKNOWN)))
    expect(reply.status).toBe(401)
    await provider.audit.flush(true)
    const rows = await provider.trail.latest({ event: 'oauth.bearer.refused', client: one.app.id }, 10)
    expect(rows).toMatchObject([{ user: one.user, incident: incidentOf(reply), detail: { reason } }])
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, incidentOf(reply))
    expect(told).toMatchObject({ incident: { user: one.user, facts: { reason } }, explanation: { allowed: false } })
    if (told === 'not entitled') throw new Error('nothing')
    const refusing = told?.explanation?.findings.filter(({ outcome }) => outcome === 'refuses').map(({ check }) => check)
    expect(refusing).toContain(refusedBy)
  })

  it('says user of Administrator, for whom no app of this site may act', async () => {
    const one = await given()
    await alter(one, sql`update oauth_grant set "user" = 'Administrator' where client = ${one.app.id}`)
    const reply = await me(provider, one.access)
    expect(reply.status).toBe(401)
    await provider.audit.flush(true)
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, incidentOf(reply))
    const sentence = 'Apps may not act for Administrator on this site'
    expect(told).toMatchObject({ incident: { user: 'Administrator', facts: { reason: 'user' } }, explanation: { allowed: false } })
    expect(told).toHaveProperty('explanation.findings', expect.arrayContaining([expect.objectContaining({ outcome: 'refuses', sentence })]))
  })

  it('says changed meanwhile of one that is good by the time it is asked what was the matter', async () => {
    const one = await given()
    const refused = await openRefusals().refuse({ hash: tokenKey(one.access), ip: '127.0.0.1', now: provider.now() })
    const incident = String(refused.options.headers?.[HEADER])
    expect(refused.status).toBe(401)
    await provider.audit.flush(true)
    const rows = await provider.trail.latest({ event: 'oauth.bearer.refused', client: one.app.id }, 10)
    expect(rows).toMatchObject([{ user: one.user, incident, detail: { reason: 'changed meanwhile' } }])
    const told = await provider.oauth.explain.incident(caller(one.user), incident)
    expect(told).toMatchObject({ incident: { facts: { reason: 'changed meanwhile' } }, explanation: { allowed: true } })
  })

  it('tells of a user who was disabled that their consents ended with that', async () => {
    const one = await given()
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: one.user, values: { enabled: 0 } })
    const reply = await me(provider, one.access)
    await provider.audit.flush(true)
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, incidentOf(reply))
    expect(told).toMatchObject({ incident: { user: one.user, facts: { reason: 'grant ended' } }, explanation: { allowed: false } })
  })

  it('that expired is one entry of its app, whoever it was of', async () => {
    const one = await given()
    const other = await connect(provider, await new Browser(provider).signIn(await person(provider)), one.app)
    provider.advance(3601)
    const [first, second] = [await me(provider, one.access), await me(provider, other.access)]
    expect(seen(first)).toEqual(seen(await me(provider, UNKNOWN)))
    expect(incidentOf(second)).not.toBe(incidentOf(first))
    await provider.audit.flush(true)
    const rows = await provider.trail.latest({ event: 'oauth.bearer.refused', client: one.app.id }, 10)
    expect(rows.map(({ user, incident, detail }) => [user, incident, detail])).toEqual(
      rows.map(() => [null, incidentOf(first), { reason: 'expired' }]),
    )
    expect(rows.length).toBeGreaterThan(0)
    expect(await provider.oauth.usage.details([one.app.id], 2)).toContainEqual(
      expect.objectContaining({ outcome: 'token', what: 'expired', count: 2 }),
    )
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, incidentOf(first))
    expect(told).toMatchObject({ explanation: { allowed: false, findings: [{ check: 'token', outcome: 'refuses' }] } })
  })

  it('is told by the same incident within a minute, and by another afterwards', async () => {
    const one = await given()
    await post(provider, REVOKE, { token: one.access })
    const refusals = openRefusals()
    const minute = Math.floor(provider.now() / 60_000_000) * 60_000_000
    const incidentAt = async (now: number): Promise<unknown> =>
      (await refusals.refuse({ hash: tokenKey(one.access), ip: '127.0.0.1', now })).options.headers?.[HEADER]
    const [first, last, next] = [await incidentAt(minute), await incidentAt(minute + 59_999_999), await incidentAt(minute + 60_000_000)]
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
    expect([last === first, next === first]).toEqual([true, false])
  })

  it('that has not even the form of one stands in the trail with where it came from', async () => {
    await provider.audit.flush(true)
    provider.advance(120)
    const reply = await me(provider, 'rubbish', { 'x-forwarded-for': '198.51.100.77' })
    expect(reply.status).toBe(401)
    await provider.audit.flush(true)
    const rows = await provider.trail.latest({ event: 'oauth.bearer.refused' }, 100)
    expect(rows.filter(({ incident }) => incident === incidentOf(reply))).toMatchObject([
      { user: null, client: null, ip: '198.51.100.77', detail: { reason: 'unknown' } },
    ])
  })

  it('is told to the owner of the app, too', async () => {
    const [one, owner] = [await given(), await person(provider)]
    await alter(one, sql`update "tabOAuth Client" set owner = ${owner} where name = ${one.app.id}`)
    await post(provider, REVOKE, { token: one.access })
    const reply = await me(provider, one.access)
    await provider.audit.flush(true)
    expect(await provider.oauth.explain.incident(caller(owner), incidentOf(reply))).toMatchObject({ incident: { user: one.user } })
  })

  it('that was never issued is one entry without an app, however many there are', async () => {
    await provider.audit.flush(true)
    provider.advance(120)
    const before = new Set((await provider.trail.latest({ event: 'oauth.bearer.refused' }, 100)).map(({ id }) => id))
    const replies: Reply[] = []
    for (let number = 10; number < 30; number += 1) replies.push(await me(provider, `at1_${'B'.repeat(41)}${number}`))
    expect(new Set(replies.map(incidentOf)).size).toBe(20)
    await provider.audit.flush(true)
    const rows = (await provider.trail.latest({ event: 'oauth.bearer.refused' }, 100)).filter(({ id }) => !before.has(id))
    // What doubled was written meanwhile, under the same incident.
    expect(rows.length).toBeLessThanOrEqual(5)
    expect(new Set(rows.map(({ incident }) => incident))).toEqual(new Set([incidentOf(replies[0]!)]))
    for (const row of rows) expect(row).toMatchObject({ user: null, client: null, detail: { reason: 'unknown' } })
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, incidentOf(replies[0]!))
    expect(told).toMatchObject({
      incident: { count: 20 },
      explanation: { allowed: false, findings: [{ check: 'token', outcome: 'refuses' }] },
    })
    expect(await provider.oauth.explain.incident(caller('stranger@example.com'), incidentOf(replies[0]!))).toBe('not entitled')
  })
})

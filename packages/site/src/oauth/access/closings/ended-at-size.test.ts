import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, renew, tokensOf, type App, type Tokens } from '../../testing/app.fixture.ts'
import { openProvider, PASSWORD, type Provider } from '../../testing/provider.fixture.ts'
import {
  NOTHING_SHOWN,
  MANY,
  addGrants,
  anotherProcess,
  endTogether,
  openApp,
  ownToken,
  whatIsShown,
  whatOpens,
} from './closed-app.fixture.ts'
import type { ClosedApp } from './closed-app.fixture.ts'
import { LIFETIMES } from '../../grants/lifetimes.ts'
import { listClosings, moveClosing } from './closings-store.ts'

/** The consents of one user: the many, one that gave tokens, one with a code, one of a device. */
const ALL = MANY + 3
/** What the change itself ends. */
const AT_ONCE = 40

interface Expected {
  readonly ended: number
  /** What is none of it, and opens something still. */
  readonly opens: readonly string[]
  readonly sessions: number
}
const ALL_OF_APP: Expected = { ended: ALL + 1, opens: [], sessions: 0 }
const ALL_OF_USER: Expected = { ended: ALL, opens: ['ownCall'], sessions: 0 }

describe.each(engines)('what ends at once and is more than one transaction should hold, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
    // Nothing is ended behind the back of a test.
    await provider.oauth.close()
  })
  beforeEach(() => void (provider.events.length = 0))
  afterAll(() => provider.close())

  const closings = () => listClosings(provider.database.connection)
  const told = ({ app }: ClosedApp) => provider.events.filter(({ event, client }) => event === 'grant.revoked' && client === app.id)
  const again = (browser: Browser, app: App): Promise<Tokens> => connect(provider, browser, app, { scope: 'openid Item:read' })
  const endAllOf = ({ app }: ClosedApp): Promise<number> => provider.oauth.apps.endAllOf(ADMINISTRATOR, app.id)
  const remove = ({ app }: ClosedApp): Promise<void> => provider.documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id })
  const deliveries = async ({ app }: ClosedApp) => provider.telling.deliveries.list(ADMINISTRATOR, app.id, 10_000)

  it('was good before', async () => {
    const closed = await openApp(provider)
    expect(await whatOpens(provider, closed)).toEqual(['call', 'ownCall', 'introspection', 'refresh', 'code', 'device'])
    expect((await closed.browser.decide(closed.pending)).location?.searchParams.get('code')).toBeTruthy()
    expect(await whatIsShown(provider, closed)).toMatchObject({ ofUser: ALL + 1, ofApp: 100, counted: ALL + 1 })
  })

  /** Beside the grants that end, sessions may: each is told of by a logout token more. */
  it.each<[what: string, reason: string, expected: Expected, act: (closed: ClosedApp) => Promise<unknown>]>([
    ['an app is retired', 'client_retired', ALL_OF_APP, ({ app }) => provider.oauth.clients.retire(ADMINISTRATOR, app.id)],
    ['an app is removed', 'client_removed', ALL_OF_APP, remove],
    ['all of an app is ended', 'manager_revoked', ALL_OF_APP, endAllOf],
    ['all of a user is ended', 'manager_revoked', ALL_OF_USER, ({ user }) => provider.oauth.apps.endAllFor(ADMINISTRATOR, user)],
    [
      'a user ends all of an app',
      'user_revoked',
      ALL_OF_USER,
      ({ user, app }) => provider.oauth.apps.endOwn({ ...ADMINISTRATOR, user, roles: new Set() }, app.id),
    ],
    [
      'a user has a new password',
      'credentials_changed',
      { ...ALL_OF_USER, sessions: 1 },
      ({ user }) => provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: `${PASSWORD}2` } }),
    ],
  ])('is good for nothing from the answer on, and ended and told of once: %s', async (_what, reason, { ended, opens, sessions }, act) => {
    const closed = await openApp(provider)
    await provider.audit.from({ ip: '203.0.113.9', user: ADMINISTRATOR.user }, () => act(closed))
    expect([(await closings()).length, told(closed).length]).toEqual([1, AT_ONCE])
    expect(await whatOpens(provider, closed)).toEqual(opens)
    expect(await whatIsShown(provider, closed)).toEqual({ ...NOTHING_SHOWN, ofApp: opens.length })
    await endTogether(provider)
    expect([await closings(), provider.faults]).toEqual([[], []])
    expect(await whatOpens(provider, closed)).toEqual(opens)
    const grants = told(closed).map(({ grant }) => grant)
    expect([grants.length, new Set(grants).size]).toEqual([ended, ended])
    expect(new Set(told(closed).map((event) => event.reason))).toEqual(new Set([reason]))
    const trail: string[] = []
    for await (const entry of provider.trail.entries({ client: closed.app.id }))
      if (entry.event === 'oauth.grant.revoked') trail.push(`${entry.grant} by ${entry.user}`)
    expect(trail.toSorted()).toEqual(grants.map((grant) => `${grant} by ${ADMINISTRATOR.user}`).toSorted())
    // An event of each, and a logout token of each behind which a person stands.
    const kinds = (await deliveries(closed)).map(({ kind }) => kind)
    expect([kinds.filter((kind) => kind === 'event').length, kinds.filter((kind) => kind === 'logout').length]).toEqual([
      ended,
      ALL + sessions,
    ])
  })

  it('is ended though another of them fails, which is told of and tried again', async () => {
    const apps = [await openApp(provider), await openApp(provider)]
    for (const closed of apps) await endAllOf(closed)
    const failed: string[] = []
    const failing = anotherProcess(provider, {
      revokeWithin: (connection, choice, reason, replacedIn) => {
        if (failed.length > 0) return provider.grants.revokeWithin(connection, choice, reason, replacedIn)
        failed.push('one')
        throw new Error('The disk is full')
      },
    })
    await failing.run()
    await failing.close()
    expect([(await closings()).length, provider.faults.length]).toEqual([1, 1])
    provider.faults.length = 0
    await endTogether(provider)
    expect([await closings(), apps.map((closed) => told(closed).length)]).toEqual([[], [ALL + 1, ALL + 1]])
  })

  it('does not take the pending consent of an app that is over', async () => {
    const closed = await openApp(provider)
    await provider.oauth.clients.retire(ADMINISTRATOR, closed.app.id)
    const answer = await closed.browser.decide(closed.pending)
    expect([answer.status, answer.location?.searchParams.get('code') ?? null]).toEqual([400, null])
    await endTogether(provider)
  })

  it('leaves alone what is granted afterwards, be it before all of it is ended', async () => {
    const closed = await openApp(provider)
    const { app, browser } = closed
    await endAllOf(closed)
    const [later, own] = [await again(browser, app), await ownToken(provider, app)]
    expect([(await me(provider, later.access)).status, (await me(provider, tokensOf(own).access)).status]).toEqual([200, 200])
    expect(await whatIsShown(provider, closed)).toEqual({ ofUser: 1, ofApp: 2, counted: 1, tokens: 1 })
    await endTogether(provider)
    expect((await me(provider, later.access)).status).toBe(200)
    expect((await renew(provider, app, later.refresh)).status).toBe(200)
    expect(await whatOpens(provider, closed)).toEqual([])
    expect(told(closed)).toHaveLength(ALL + 1)
  })

  it.each<[what: string, bring: (closed: ClosedApp, back: () => Promise<unknown>) => Promise<unknown>]>([
    [
      'is made active again',
      async (closed) => {
        await provider.oauth.clients.retire(ADMINISTRATOR, closed.app.id)
        await sql`update "tabOAuth Client" set state = 'Active', enabled = 1 where name = ${closed.app.id}`.execute(
          provider.database.connection,
        )
      },
    ],
    [
      'is there anew under its id',
      async (closed, back) => {
        await remove(closed)
        await back()
      },
    ],
  ])('stays ended when its app %s before the rest is', async (_what, bring) => {
    const closed = await openApp(provider)
    const { app, browser } = closed
    const { connection } = provider.database
    const [kept] = (await sql<Record<string, unknown>>`select * from "tabOAuth Client" where name = ${app.id}`.execute(connection)).rows
    const secrets = (await sql<Record<string, unknown>>`select * from client_secret where client = ${app.id}`.execute(connection)).rows
    const rowsOf = connection.withTables<Record<string, Record<string, unknown>>>()
    await bring(closed, () => rowsOf.insertInto('tabOAuth Client').values(kept!).execute())
    await rowsOf.insertInto('client_secret').values(secrets).execute()
    await provider.database.transaction((within) => provider.generation.bump(within))
    expect(await closings()).toHaveLength(1)
    expect(await whatOpens(provider, closed)).toEqual([])
    const later = await again(browser, app)
    await endTogether(provider)
    expect(await whatOpens(provider, closed)).toEqual([])
    expect((await me(provider, later.access)).status).toBe(200)
    expect(told(closed)).toHaveLength(ALL + 1)
  })

  it('says whose it was, though the user is gone and another has their name', async () => {
    const closed = await openApp(provider)
    const { user, app } = closed
    const sub = (await provider.accounts.read(user))?.sub
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'User', name: user })
    await person(provider, { email: user })
    const later = await again(await new Browser(provider).signIn(user), app)
    await endTogether(provider)
    const rows = await provider.telling.outbox.list([`app-event:${app.id}`, `app-logout:${app.id}`], 10_000)
    // The session ended as well.
    expect(rows).toHaveLength(2 * ALL + 1)
    expect(new Set(rows.map(({ payload }) => payload['sub']))).toEqual(new Set([sub]))
    expect((await me(provider, later.access)).status).toBe(200)
  })

  it('is what was there, by the order of the database and not by the clocks of its processes', async () => {
    const closed = await openApp(provider)
    const { user, app, browser } = closed
    provider.advance(3600)
    await addGrants(provider, app, user, 1)
    provider.advance(-3600)
    await endAllOf(closed)
    expect(await whatIsShown(provider, closed)).toEqual(NOTHING_SHOWN)
    const later = await again(browser, app)
    expect((await me(provider, later.access)).status).toBe(200)
    await endTogether(provider)
    expect([(await me(provider, later.access)).status, told(closed).length]).toEqual([200, ALL + 2])
  })

  it('is all of it, though a clock was years ahead when one of them was made', async () => {
    const closed = await openApp(provider)
    provider.advance(2 * 365 * 86_400)
    await addGrants(provider, closed.app, closed.user, 1)
    provider.advance(-2 * 365 * 86_400)
    expect(await endAllOf(closed)).toBe(AT_ONCE)
    expect(await whatOpens(provider, closed)).toEqual([])
    await again(closed.browser, closed.app)
    await endTogether(provider)
    expect(await whatOpens(provider, closed)).toEqual([])
    expect(told(closed)).toHaveLength(ALL + 2)
    // What was granted meanwhile lives as long as any other.
    const [later] = await provider.grants.list(closed.user, closed.app.id)
    expect(later!.expires).toBeLessThanOrEqual(provider.now() + LIFETIMES.grant)
  })

  it('is closed in one row with what is granted and ended again meanwhile, which no batch of before takes for done', async () => {
    const closed = await openApp(provider)
    await endAllOf(closed)
    const [before] = await closings()
    const later = await again(closed.browser, closed.app)
    await endAllOf(closed)
    expect((await me(provider, later.access)).status).toBe(401)
    expect(await closings()).toEqual([{ ...before!, closedAt: expect.any(Number) as number }])
    expect(await provider.database.transaction((connection) => moveClosing(connection, before!, before!.reached))).toBe(false)
    await endTogether(provider)
    expect([await closings(), (await me(provider, later.access)).status]).toEqual([[], 401])
    const grants = told(closed).map(({ grant }) => grant)
    expect([grants.length, new Set(grants).size]).toEqual([ALL + 2, ALL + 2])
  })

  it('is found behind whatever has ended before, of which nothing is told', async () => {
    const closed = await openApp(provider)
    await endAllOf(closed)
    await endTogether(provider)
    await provider.database.transaction(async (connection) => {
      const { app, user } = closed
      const ids = Array.from({ length: 2200 }, (_, at) => `old ${app.id} ${at}`)
      for (const id of ids)
        await sql`insert into oauth_grant (id, client, "user", requested, granted, rejected, doctype_ids, epoch, auth_time, created, expires, last_used, revoked_at)
          values (${id}, ${app.id}, ${user}, '', '', '', '{}', 1, 1, 1, 2, 1, null)`.execute(connection)
    })
    provider.events.length = 0
    const later = await again(closed.browser, closed.app)
    expect(await endAllOf(closed)).toBe(0)
    expect((await me(provider, later.access)).status).toBe(401)
    await endTogether(provider)
    expect(told(closed)).toHaveLength(1)
  })

  it('is no closing for a name that a user makes up, however much of theirs has ended before', async () => {
    const closed = await openApp(provider)
    const caller = { ...ADMINISTRATOR, user: closed.user, roles: new Set<string>() }
    await addGrants(provider, closed.app, closed.user, 1000)
    await endAllOf(closed)
    await endTogether(provider)
    await again(closed.browser, closed.app)
    for (const name of ['made-up-1', 'made-up-2']) expect(await provider.oauth.apps.endOwn(caller, name)).toBe(0)
    expect(await closings()).toEqual([])
    expect(await provider.oauth.apps.endOwn(caller, closed.app.id)).toBe(0)
    expect(await closings()).toHaveLength(1)
    await endTogether(provider)
    expect(await provider.grants.list(closed.user, closed.app.id)).toEqual([])
  })

  it('is closed once, however often it is asked for meanwhile', async () => {
    const closed = await openApp(provider)
    for (const _ of [1, 2, 3]) await endAllOf(closed)
    expect(await closings()).toHaveLength(1)
    await provider.oauth.clients.retire(ADMINISTRATOR, closed.app.id)
    await remove(closed)
    await endTogether(provider)
    const grants = told(closed).map(({ grant }) => grant)
    expect([grants.length, new Set(grants).size]).toEqual([ALL + 1, ALL + 1])
  })

  it('of a site that was restored meanwhile is told to nobody', async () => {
    const closed = await openApp(provider)
    await endAllOf(closed)
    await sql`update oauth_state set epoch = epoch + 1`.execute(provider.database.connection)
    const one = anotherProcess(provider)
    await one.run()
    await one.close()
    expect([await closings(), told(closed).length]).toEqual([[], AT_ONCE])
    expect(await whatOpens(provider, closed)).toEqual([])
  })
})

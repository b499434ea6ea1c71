import { openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { expect, it, vi } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { connect, registerApp, renew, type App } from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { KILL_AT_STATEMENT } from './kill-order.ts'
import { TokenSite } from './token-site.ts'

const KILLS = Number(process.env['ANNEX_CRASH_KILLS'] ?? 2)
/** Grants of the app, so that several batches are left behind the answer. */
const MANY = 1000
/** Milliseconds after the request, and after each start, that may pass until the process is killed. */
const LATEST = 400
/** Times that one closing is killed. */
const DEATHS = 3

async function inDatabase<T>(
  { databaseUrl }: TokenSite,
  work: (database: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(databaseUrl, { maxConnections: 1 })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** As if so many people had consented long ago. */
const addGrants = (site: TokenSite, { id: client }: App): Promise<void> =>
  inDatabase(site, (database) =>
    database.transaction(async (connection) => {
      const [now, end] = [Date.now() * 1000, (Date.now() + 86_400_000) * 1000]
      for (let at = 0; at < MANY; at += 1)
        await sql`insert into oauth_grant (id, client, "user", requested, granted, rejected, doctype_ids, epoch, auth_time, created, expires, last_used)
          values (${`${client} ${at}`}, ${client}, 'ann@example.com', 'openid', 'openid', '', '{}', 1, 1, ${now - MANY + at}, ${end}, 1)`.execute(
          connection,
        )
    }),
  )

const isDone = (site: TokenSite): Promise<boolean> =>
  inDatabase(site, async ({ connection }) => (await sql`select 1 from oauth_closing`.execute(connection)).rows.length === 0)

/** How many grants of the app ended so, of how many an event was kept, and how many of each are the same. */
const readEnd = (site: TokenSite, { id }: App): Promise<object> =>
  inDatabase(site, async ({ connection }) => {
    const { rows } = await sql<{ id: string }>`select id from oauth_grant where client = ${id} and reason = 'client_retired'`.execute(
      connection,
    )
    const told = await sql<{ payload: string }>`select payload from outbox where receiver = ${`app-event:${id}`}`.execute(connection)
    const grants = told.rows.map(({ payload }) => (JSON.parse(payload) as { grant: string }).grant)
    const trail = await sql`select 1 from audit where client = ${id} and event = 'oauth.grant.revoked'`.execute(connection)
    return { ended: rows.length, told: grants.length, grants: new Set(grants).size, trail: trail.rows.length }
  })

async function killAfter(site: TokenSite, delay: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delay))
  site.kill()
  await site.died()
  await site.start()
}

it.concurrent.each(engines)(
  `A site that is killed at any moment ends all of an app that it retired, each grant once: ${KILLS} times on %s`,
  async (engine) => {
    const site = await TokenSite.open(engine, { preload: KILL_AT_STATEMENT })
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const app = await registerApp(await site.administrator(), { scopes: 'openid', event_uri: 'https://app.example.com/events' })
        await addGrants(site, app)
        const pair = await connect(site.visitor, app, 'openid')
        const retire = (admin: Api): Promise<unknown> => admin.update('OAuth Client', app.id, { state: 'Retired' })
        const asked = retire(await site.administrator()).then(
          () => true,
          () => false,
        )
        let answered = false
        for (let death = 0; death < DEATHS; death += 1) {
          await killAfter(site, Math.random() * LATEST)
          answered ||= await asked
          // Not answered, and not stored: asked for again.
          const { state } = await (await site.administrator()).read('OAuth Client', app.id)
          if (state !== 'Retired') {
            expect(answered).toBe(false)
            await retire(await site.administrator())
          }
          const profile = await Api.byToken(site.url, pair.access).get('frappe.integrations.oauth2.openid_profile')
          expect([profile.status, (await renew(site.url, app, pair.refresh)).status]).toEqual([401, 401])
        }
        await vi.waitFor(async () => expect(await isDone(site)).toBe(true), { timeout: 60_000, interval: 200 })
        const all = MANY + 1
        expect(await readEnd(site, app)).toEqual({ ended: all, told: all, grants: all, trail: all })
      }
    } finally {
      await site.remove()
    }
  },
  300_000 + KILLS * 60_000,
)

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Connection } from '@annex/connector'
import { openSqlStore, type SqlStore } from '@annex/connector/stores/sql'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { connect, registerApp, renew, tokensOf, type App } from '../support/callers/connected-app.ts'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { readTable, type StoredRow } from '../support/stolen/stored.ts'
import { TestApp } from '../support/callers/test-app.ts'
import { Visitor } from '../support/callers/visitor.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice' }
const CALLERS = 16
const script = fileURLToPath(new URL('../../packages/connector/src/core/tokens/races/renew.fixture.ts', import.meta.url))

describe.each(engines)('32 callers of one connection renew its token at once, with the site on %s', (engine) => {
  let site: RunningSite
  let registered: App
  let alice: Visitor
  let vault: TemporaryDatabase
  let store: SqlStore
  let app: TestApp
  let connection: Connection
  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', ALICE)
    registered = await registerApp(admin, { scopes: 'openid all' })
    alice = await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password)
  })
  afterAll(() => site.close())
  beforeEach(async () => {
    vault = await temporaryDatabase('sqlite')
    store = await openSqlStore(vault.url)
    app = new TestApp(site.url, registered, store, ['all'])
    connection = await app.signIn(alice)
  })
  afterEach(async () => {
    await store.close()
    await vault.remove()
  })

  /** Two processes of the app on one vault; both are let go once both are ready. Gives the tokens that each of them saw. */
  async function race(rejected: string): Promise<string[][]> {
    const work = {
      issuer: site.url,
      clientId: registered.id,
      secret: registered.secret,
      vault: vault.url,
      keys: app.keys,
      connection: connection.id,
      rejected,
      callers: CALLERS,
    }
    const processes = [1, 2].map(() =>
      spawn(process.execPath, ['--conditions=source', script, JSON.stringify(work)], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    await Promise.all(processes.map((child) => once(child.stdout, 'data')))
    const outputs = processes.map((child) => text(child.stdout))
    for (const child of processes) child.stdin.write('go\n')
    return (await Promise.all(outputs)).map((output) => JSON.parse(output) as string[])
  }

  /** The newest grant, and what of tokens the site holds for it. */
  async function stored(): Promise<{ grant: StoredRow | undefined; access: StoredRow[]; refresh: StoredRow[] }> {
    const grants = (await readTable(site.databaseUrl, 'oauth_grant')).toSorted((a, b) => Number(b['created']) - Number(a['created']))
    const tokens = (await readTable(site.databaseUrl, 'oauth_token')).filter((token) => token['grant_id'] === grants[0]?.['id'])
    return {
      grant: grants[0],
      access: tokens.filter((token) => token['kind'] === 'access'),
      refresh: tokens.filter((token) => token['kind'] === 'refresh'),
    }
  }

  it('D8 J07 in two processes on one vault: one successor, and nobody is signed out', async () => {
    const before = await connection.token()
    const [first, second] = await race(before)
    expect(first).toHaveLength(1)
    expect(second).toEqual(first)
    expect(first).not.toContain(before)

    const { grant, access, refresh } = await stored()
    expect(access).toHaveLength(2)
    expect(refresh).toHaveLength(2)
    const [used, unused] = [refresh.filter((token) => token['used_at'] !== null), refresh.filter((token) => token['used_at'] === null)]
    expect(used).toHaveLength(1)
    expect(unused.map((token) => token['hash'])).toEqual([used[0]?.['successor']])
    expect(grant).toMatchObject({ revoked_at: null, reason: null })
    expect((await readTable(vault.url, 'connector_connection')).map((row) => row['version'])).toEqual([2])

    expect(await connection.token()).toBe(first?.[0])
    expect(await connection.client.call('frappe.auth.get_logged_user', {}, { httpMethod: 'GET' })).toBe(ALICE.email)
    const [third] = await race(first?.[0] ?? '')
    expect(third).not.toEqual(first)
    expect((await stored()).refresh).toHaveLength(3)
  })

  it('without a vault between them: the site gives all of them the same pair', async () => {
    const own = await connect(alice, registered, 'openid all')
    const replies = await Promise.all(Array.from({ length: 2 * CALLERS }, () => renew(site.url, registered, own.refresh)))
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]))
    const pairs = new Set(replies.map((reply) => JSON.stringify([tokensOf(reply).access, tokensOf(reply).refresh])))
    expect(pairs.size).toBe(1)
    const { grant, access, refresh } = await stored()
    expect([access.length, refresh.length, grant?.['revoked_at']]).toEqual([2, 2, null])
    const renewed = tokensOf(replies[0]!)
    expect((await Api.byToken(site.url, renewed.access).get('frappe.auth.get_logged_user')).body).toEqual({ message: ALICE.email })
    expect((await renew(site.url, registered, renewed.refresh)).status).toBe(200)
  })
})

import { openSqlStore, type SqlStore } from '@annex/connector/stores/sql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { ListeningApp, type Told } from './listening-app.ts'

const PASSWORD = 'Corr3ct-horse-journey'

describe.each(engines)('an app of two processes that listens to its site on %s', (engine) => {
  let site: RunningSite
  let admin: Api
  let database: TemporaryDatabase
  let store: SqlStore
  let app: ListeningApp
  let persons = 0
  beforeAll(async () => {
    site = await startSite(engine)
    admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    database = await temporaryDatabase(engine)
    store = await openSqlStore(database.url)
    app = await ListeningApp.open(site.url, admin, store)
  })
  afterAll(async () => {
    await app.close()
    await store.close()
    await site.close()
    await database.remove()
  })

  /** A person of the test's own, signed in at the site and here. */
  async function person(own = app) {
    const email = `person${(persons += 1)}@example.com`
    await admin.insert('User', { email, first_name: 'Nora', new_password: PASSWORD, roles: [] })
    const visitor = await new Visitor(site.url).signIn(email, PASSWORD)
    return { email, visitor, ...(await own.signIn(visitor)) }
  }

  async function takeBack(visitor: Visitor): Promise<void> {
    const csrf = /name="csrf_token" value="([^"]+)"/.exec((await visitor.get('/my-apps')).text)?.[1] ?? ''
    const answer = await visitor.post('/my-apps/revoke', { csrf_token: csrf, client_id: app.clientId })
    expect(answer.status).toBeLessThan(400)
  }

  const soon = { timeout: 5000, interval: 20 }

  it('hears within five seconds that a person took their access back: tokens and docnames are gone, and it is told once', async () => {
    const { connection, visitor } = await person()
    expect(await connection.token()).toBeTypeOf('string')
    const row = {
      doctype: 'Role',
      name: 'All',
      label: '',
      description: '',
      fields: {},
      modified: '',
      creation: '',
      renamedTo: null,
      seenAt: 1,
    }
    const { docnames, connections } = store.of('')
    await docnames.keep(connection.id, '', [{ ...row, state: 'there' }])
    const before = performance.now()
    await takeBack(visitor)
    await expect.poll(() => app.of(connection, 'revoked'), soon).toHaveLength(1)
    const [told] = app.of(connection, 'revoked') as [Told]
    expect(told.at - before).toBeLessThan(5000)
    expect(told.detail).toMatchObject({ reason: expect.stringMatching(/^(user_revoked|signed_out)$/) as string })
    expect(await connections.read(connection.id)).toMatchObject({ state: 'revoked', sealed: null, scopes: [] })
    expect(await docnames.resolve(connection.id, 'Role', ['All'])).toEqual([])
    await expect(connection.token()).rejects.toMatchObject({ code: 'sign_in_required', reason: 'revoked' })
    await expect.poll(() => store.of('').inbox.list('waiting', 100), soon).toEqual([])
    expect(app.of(connection, 'revoked')).toHaveLength(1)
    expect(app.of(connection, 'needs-sign-in')).toEqual([])
  })

  it('hears that a person signed out at the site: the session of that browser ends, and the access goes on', async () => {
    const one = await person()
    const other = await app.signIn(await new Visitor(site.url).signIn(one.email, PASSWORD))
    expect(other.connection.id).toBe(one.connection.id)
    expect([await one.session(), await other.session()]).toMatchObject([
      { connection: one.connection.id },
      { connection: one.connection.id },
    ])
    await one.visitor.get('/api/method/logout')
    await expect.poll(() => one.session(), soon).toBeUndefined()
    await expect.poll(() => app.of(one.connection, 'signed-out'), soon).toHaveLength(1)
    expect(app.of(one.connection)[0]).toMatchObject({ detail: { by: 'site' } })
    expect(await other.session()).toBeDefined()
    await other.connection.check()
    expect(app.of(one.connection, 'revoked')).toEqual([])
  })

  it('a second sign-in replaces the grant of the first, of whose end the site tells too: nobody is signed out', async () => {
    const { email, connection, visitor } = await person()
    const deliveries = async () => {
      const reply = await admin.get('annex.apps.deliveries', { client: app.clientId })
      return (reply.body['message'] as { reason: string; state: string }[]).filter(({ state }) => state !== 'done')
    }
    await app.signIn(visitor)
    await app.signIn(await new Visitor(site.url).signIn(email, PASSWORD))
    await expect.poll(deliveries, soon).toEqual([])
    await expect.poll(() => store.of('').inbox.list('waiting', 100), soon).toEqual([])
    await connection.check()
    expect(await store.of('').connections.read(connection.id)).toMatchObject({ state: 'active' })
    expect(app.of(connection, 'revoked')).toEqual([])
    expect(app.of(connection, 'needs-sign-in')).toEqual([])
  })

  it('hears of rights that a System Manager takes away, and knows what is left', async () => {
    const own = await ListeningApp.open(site.url, admin, store)
    try {
      const { connection } = await person(own)
      expect(await connection.scopes()).toContain('User:read')
      await admin.update('OAuth Client', own.clientId, { scopes: 'openid Role:read' })
      await expect.poll(() => own.of(connection, 'scopes-changed'), soon).toHaveLength(1)
      expect([...(await connection.scopes())].toSorted()).toEqual(['Role:read', 'openid'])
      await connection.check()
      expect(own.of(connection, 'revoked')).toEqual([])
    } finally {
      await own.close()
    }
  })

  it('hears that it was retired itself: each person’s access has ended', async () => {
    const own = await ListeningApp.open(site.url, admin, store)
    try {
      const { connection } = await person(own)
      await admin.post('annex.apps.set_state', { client: own.clientId, state: 'Retired' })
      await expect.poll(() => own.of(connection, 'revoked'), soon).toHaveLength(1)
      expect(await store.of('').connections.read(connection.id)).toMatchObject({ state: 'revoked', sealed: null })
    } finally {
      await own.close()
    }
  })

  it('has refused nothing that the site sent, and the site has printed no secret', () => {
    expect(app.told.filter(({ event }) => event === 'webhook-rejected')).toEqual([])
    expect(site.output()).not.toMatch(/whsec_/)
  })
})

import { OAUTH_PATHS, webhookSecret } from '@annex/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { KeptDocname } from '../../stores/connector-store.ts'
import { Hearing, Revoking, SECRET } from './hearing.fixture.ts'

const kept: KeptDocname = {
  doctype: 'Item',
  name: 'I-1',
  label: 'Item 1',
  description: '',
  fields: {},
  modified: '',
  creation: '',
  state: 'there',
  renamedTo: null,
  seenAt: 1,
}
let revoking: Revoking
beforeEach(async () => {
  revoking = await Revoking.open()
})

const told = (event: string): unknown[] => revoking.hearing.told.filter(([name]) => name === event).map(([, detail]) => detail)

describe('an event call', () => {
  test('D24 of a revocation wipes the tokens once the site has confirmed it, and the app is told once', async () => {
    const { id } = await revoking.connection()
    await revoking.site.revoke()
    const answer = await revoking.send(revoking.event('session-revoked'))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([204, 'no-store'])
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toMatchObject({ id, state: 'revoked', reason: 'user_revoked', sealed: null, scopes: [] })
    await expect.poll(() => told('revoked')).toEqual([{ connection: id, reason: 'user_revoked' }])
    await expect((await revoking.app.connection()).token()).rejects.toMatchObject({ code: 'sign_in_required', reason: 'revoked' })
    // The app's own session is the app's: its page says what happened.
    expect(await revoking.app.connector.session(revoking.app.request())).toMatchObject({ connection: id })
    expect(await revoking.hearing.work()).toBe(0)
    expect(told('needs-sign-in')).toEqual([])
  })

  test('that comes again is answered, and worked on once', async () => {
    for (let n = 0; n < 3; n++) expect((await revoking.send(revoking.event('session-revoked'))).status).toBe(204)
    expect(await revoking.hearing.work()).toBe(1)
  })

  test('of an older grant, which a second sign-in has replaced, signs nobody out', async () => {
    const before = await revoking.connection()
    await revoking.app.signIn()
    const after = await revoking.connection()
    expect(after.id).toBe(before.id)
    await revoking.send(revoking.event('session-revoked', { reason: 'token_revoked' }))
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toEqual(after)
    expect(await (await revoking.app.connection()).token()).toBeTypeOf('string')
    expect(revoking.hearing.told).toEqual([])
  })

  test('of an older grant that comes when the access token is over renews it, and signs nobody out', async () => {
    revoking.site.clock.advance(3_600_000)
    await revoking.send(revoking.event('session-revoked'))
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toMatchObject({ state: 'active' })
    expect(revoking.site.renewals).toBe(1)
  })

  test('that cannot be confirmed, because the site is down, is confirmed when it is up', async () => {
    await revoking.site.revoke()
    revoking.site.faults.down = true
    await revoking.send(revoking.event('session-revoked'))
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toMatchObject({ state: 'active' })
    for (let s = 0; s < 60; s++) {
      revoking.site.clock.advance(1000)
      await revoking.hearing.work()
    }
    expect((await revoking.connection()).sealed).not.toBeNull()
    revoking.site.faults.down = false
    let waited = 0
    for (; (await revoking.connection()).state !== 'revoked' && waited < 60; waited++) {
      revoking.site.clock.advance(1000)
      await revoking.hearing.work()
    }
    expect(waited).toBeLessThanOrEqual(5)
    expect(await revoking.connection()).toMatchObject({ state: 'revoked', sealed: null })
  })

  test('is worked on by one process of two, and the app is told by one', async () => {
    const other = new Hearing(revoking.app, { eventSecrets: [SECRET] })
    await revoking.site.revoke()
    await Promise.all([
      revoking.send(revoking.event('session-revoked')),
      revoking.send(revoking.event('session-revoked'), { to: other }),
      revoking.send(revoking.event('session-revoked', { reason: 'credentials_changed' }), { id: 'evt_2', to: other }),
    ])
    await Promise.all([revoking.hearing.work(), other.work()])
    const both = () => [...revoking.hearing.told, ...other.told].filter(([event]) => event === 'revoked')
    await expect.poll(both).toHaveLength(1)
    expect([...revoking.hearing.told, ...other.told].map(([event]) => event)).toEqual(['revoked'])
  })

  test('about somebody who never signed in here is nobody’s business', async () => {
    expect((await revoking.send(revoking.event('session-revoked', { sub: 'stranger' }))).status).toBe(204)
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toMatchObject({ state: 'active' })
  })

  test.each([
    ['of a type that nobody knows', 'assurance-level-change', {}],
    ['of a type that every object knows', 'constructor', {}],
    ['without a person', 'session-revoked', { sub: undefined }],
  ])('%s is answered 204 and ignored', async (_what, type, data) => {
    expect((await revoking.send(revoking.event(type, data))).status).toBe(204)
    expect(await revoking.hearing.work()).toBe(0)
  })

  test.each([
    ['of another site', { iss: 'https://other.example' }],
    ['for another app', { client_id: 'other' }],
  ])('%s is refused', async (_what, data) => {
    const answer = await revoking.send(revoking.event('session-revoked', data))
    expect([answer.status, await answer.text()]).toEqual([400, 'another-app'])
    expect(told('webhook-rejected')).toEqual([{ why: 'another-app', path: '/connect/events' }])
  })

  test('that is not signed with the app’s secret, or too long ago, or is no event, is refused', async () => {
    const stranger = webhookSecret(new Uint8Array(32).fill(9))
    const now = revoking.site.clock.now()
    const answers = [
      await revoking.send(revoking.event('session-revoked'), { secrets: [stranger] }),
      await revoking.send(revoking.event('session-revoked'), { at: now - 301_000 }),
      await revoking.send(revoking.event('session-revoked'), { at: now + 301_000 }),
      await revoking.send('{"type":1}'),
      await revoking.send('nothing'),
    ]
    expect(await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]))).toEqual([
      [401, 'forged'],
      [401, 'too-old'],
      [401, 'too-new'],
      [400, 'malformed'],
      [400, 'malformed'],
    ])
    const silent = await Revoking.open({})
    expect((await silent.send(silent.event('session-revoked'))).status).toBe(401)
    expect(await revoking.hearing.work()).toBe(0)
  })

  test('is taken with either of two secrets while the site changes over', async () => {
    const next = webhookSecret(new Uint8Array(32).fill(3))
    const hearing = new Hearing(revoking.app, { eventSecrets: [next, SECRET] })
    for (const [n, secret] of [next, SECRET].entries())
      expect((await revoking.send(revoking.event('session-revoked'), { id: `e${n}`, secrets: [secret], to: hearing })).status).toBe(204)
  })

  test.each([
    ['user_revoked', 'active'],
    ['client_retired', 'revoked'],
    ['client_removed', 'revoked'],
  ])('for %s leaves the connection %s when the site refuses the app itself', async (reason, state) => {
    const { id } = await revoking.connection()
    await revoking.site.revoke()
    revoking.site.override = ({ path }) => (path === OAUTH_PATHS.token ? { status: 401, json: { error: 'invalid_client' } } : undefined)
    await revoking.send(revoking.event('session-revoked', { reason }))
    expect(await revoking.hearing.work()).toBe(1)
    const connection = await revoking.connection()
    expect([connection.state, connection.sealed === null]).toEqual([state, state === 'revoked'])
    expect(told('revoked')).toEqual(state === 'revoked' ? [{ connection: id, reason }] : [])
    // What is wrong with the app is put right, and the notice still waits.
    expect(await revoking.store.inbox.list('waiting', 10)).toHaveLength(state === 'revoked' ? 0 : 1)
  })

  test('of narrowed rights renews the token, and the app is told what is left', async () => {
    const { id, scopes } = await revoking.connection()
    expect(scopes).toContain('Customer:read')
    await revoking.site.narrow('sam@example.com', ['openid', 'Item:read'])
    revoking.site.clock.advance(1000)
    await revoking.send(revoking.event('token-claims-change', { reason: 'client_scopes_changed' }))
    expect(await revoking.hearing.work()).toBe(1)
    expect((await revoking.connection()).scopes).toEqual(['openid', 'Item:read'])
    expect(told('scopes-changed')).toEqual([{ connection: id, before: scopes, after: ['openid', 'Item:read'] }])
    expect(await (await revoking.app.connection()).scopes()).toEqual(['openid', 'Item:read'])
  })

  test('of narrowed rights waits for a site that is down', async () => {
    await revoking.site.narrow('sam@example.com', ['openid'])
    revoking.site.faults.down = true
    revoking.site.clock.advance(1000)
    await revoking.send(revoking.event('token-claims-change'))
    await revoking.hearing.work()
    expect((await revoking.connection()).scopes).toContain('Item:read')
    revoking.site.faults.down = false
    revoking.site.clock.advance(10_000)
    await revoking.hearing.work()
    expect((await revoking.connection()).scopes).toEqual(['openid'])
  })
})

describe('the docnames that a person kept', () => {
  test.each([
    ['drop', undefined, []],
    ['drop', 'drop', []],
    ['keep', 'keep', ['I-1']],
  ] as const)('are treated by policy (%s) when access ends', async (_policy, docnames, left) => {
    revoking = await Revoking.open({ eventSecrets: [SECRET], ...(docnames === undefined ? {} : { docnames }) })
    const { id } = await revoking.connection()
    await revoking.store.docnames.keep(id, '', [kept])
    await revoking.store.docnames.keep('another', '', [kept])
    await revoking.site.revoke()
    await revoking.send(revoking.event('session-revoked'))
    await revoking.hearing.work()
    const names = async (owner: string) => (await revoking.store.docnames.resolve(owner, 'Item', ['I-1'])).map(({ name }) => name)
    expect(await names(id)).toEqual(left)
    expect(await names('another')).toEqual(['I-1'])
  })

  test('stay while access stands', async () => {
    const { id } = await revoking.connection()
    await revoking.store.docnames.keep(id, '', [kept])
    await revoking.send(revoking.event('session-revoked'))
    await revoking.hearing.work()
    expect(await revoking.store.docnames.resolve(id, 'Item', ['I-1'])).toHaveLength(1)
  })

  test('are dropped also when the process died after it had wiped the tokens', async () => {
    const { id } = await revoking.connection()
    await revoking.store.docnames.keep(id, '', [kept])
    await revoking.site.revoke()
    const removeAll = revoking.store.docnames.removeAll.bind(revoking.store.docnames)
    revoking.store.docnames.removeAll = () => Promise.reject(new Error('the database is away'))
    await revoking.send(revoking.event('session-revoked'))
    await revoking.hearing.work()
    expect(await revoking.connection()).toMatchObject({ state: 'revoked' })
    revoking.store.docnames.removeAll = removeAll
    revoking.site.clock.advance(1000)
    await revoking.hearing.work()
    expect(await revoking.store.docnames.resolve(id, 'Item', ['I-1'])).toEqual([])
  })
})

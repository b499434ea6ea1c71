import { generateKeyPair } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import { OwnCookies } from '../sign-in/cookies.ts'
import { Sessions, keptSid } from '../sign-in/sessions.ts'
import { Hearing, LOGOUT, Revoking } from './hearing.fixture.ts'

let revoking: Revoking
beforeEach(async () => {
  revoking = await Revoking.open()
})

const told = (): unknown[] => revoking.hearing.told
const signedIn = async (): Promise<boolean> => (await revoking.app.connector.session(revoking.app.request())) !== undefined
/** Sessions of two browsers, each by the site's name for it. */
async function sessions(...sids: string[]): Promise<void> {
  const { id } = await revoking.connection()
  for (const sid of sids) await revoking.store.sessions.insert({ hash: sid, connection: id, expiresAt: 1e15, sid })
}
const isThere = async (hash: string): Promise<boolean> => (await revoking.store.sessions.read(hash, 0)) !== undefined

describe('a logout token', () => {
  test('D24 ends every session of the person at once, and the access goes on while the site lets it', async () => {
    const { id } = await revoking.connection()
    const answer = await revoking.logout(await revoking.logoutToken())
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([204, 'no-store'])
    expect(await signedIn()).toBe(false)
    expect(told()).toEqual([['signed-out', { connection: id, by: 'site' }]])
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toMatchObject({ state: 'active' })
  })

  test('ends the one session that it names, and no other', async () => {
    await sessions('here', 'there')
    expect((await revoking.logout(await revoking.logoutToken({ sid: 'here' }))).status).toBe(204)
    expect([await isThere('here'), await isThere('there'), await signedIn()]).toEqual([false, true, true])
  })

  test('that names a session alone ends that one, and asks whether the access of its person goes on', async () => {
    await sessions('here', 'there')
    const token = await revoking.logoutToken({ sub: undefined, sid: 'here' })
    const { id } = await revoking.connection()
    for (let times = 0; times < 2; times++) expect((await revoking.logout(token)).status).toBe(204)
    expect([await isThere('here'), await isThere('there'), await signedIn()]).toEqual([false, true, true])
    expect(told()).toEqual([['signed-out', { connection: id, by: 'site' }]])
    await revoking.site.revoke()
    expect(await revoking.hearing.work()).toBe(1)
    expect(await revoking.connection()).toMatchObject({ state: 'revoked', reason: 'signed_out', sealed: null })
  })

  test('that names a session alone ends the one that began with that site’s id_token', async () => {
    const token = await revoking.site.logoutToken('sam@example.com', { sub: undefined })
    expect((await revoking.logout(token)).status).toBe(204)
    expect(await signedIn()).toBe(false)
  })

  test('that names alone a session in which two people signed in ends that of both, and asks of both', async () => {
    const own = await revoking.connection()
    await revoking.store.connections.insert({ ...own, id: 'lea', subject: 'lea-sub' })
    for (const [hash, connection] of [
      ['sam', own.id],
      ['lea', 'lea'],
      ['lea again', 'lea'],
    ] as const)
      await revoking.store.sessions.insert({ hash, connection, expiresAt: 1e15, sid: 'shared' })
    expect((await revoking.logout(await revoking.logoutToken({ sub: undefined, sid: 'shared' }))).status).toBe(204)
    expect([await isThere('sam'), await isThere('lea'), await isThere('lea again'), await signedIn()]).toEqual([false, false, false, true])
    const ended = [own.id, 'lea'].map((connection) => ['signed-out', { connection, by: 'site' }])
    expect(told()).toHaveLength(2)
    expect(told()).toEqual(expect.arrayContaining(ended))
    expect(await revoking.hearing.work()).toBe(2)
  })

  test('that names a session at whatever length ends it', async () => {
    const { id } = await revoking.connection()
    const sid = 'x'.repeat(5000)
    const cookie = await new Sessions(revoking.store, new OwnCookies('http://localhost:4100', ''), () => 0, 1e15).insert(
      { headers: {} },
      id,
      sid,
    )
    expect(cookie).not.toBe('')
    const kept = await revoking.store.sessions.connectionsOf(await keptSid(sid))
    expect(kept).toEqual([id])
    expect((await keptSid(sid)).length).toBeLessThanOrEqual(256)
    expect((await revoking.logout(await revoking.logoutToken({ sub: undefined, sid }))).status).toBe(204)
    expect(await revoking.store.sessions.connectionsOf(await keptSid(sid))).toEqual([])
  })

  test('G08 that names alone a session of nobody, or of a person of another site, ends nothing', async () => {
    await revoking.store.connections.insert({ ...(await revoking.connection()), id: 'other', issuer: 'https://other.example' })
    await revoking.store.sessions.insert({ hash: 'theirs', connection: 'other', expiresAt: 1e15, sid: 'theirs' })
    for (const sid of ['unknown', 'theirs'])
      expect((await revoking.logout(await revoking.logoutToken({ sub: undefined, sid, jti: sid }))).status).toBe(204)
    expect([await isThere('theirs'), await signedIn(), told()]).toEqual([true, true, []])
    expect(await revoking.hearing.work()).toBe(0)
  })

  test('G08 with the sid of somebody else ends nobody’s session', async () => {
    await sessions('here')
    expect((await revoking.logout(await revoking.logoutToken({ sid: 'elsewhere' }))).status).toBe(204)
    expect((await revoking.logout(await revoking.logoutToken({ sub: 'lea-sub', sid: 'here', jti: 'jti-2' }))).status).toBe(204)
    expect([await isThere('here'), await signedIn()]).toEqual([true, true])
    expect(told()).toEqual([])
  })

  test('of a grant that has ended wipes the tokens as well', async () => {
    const { id } = await revoking.connection()
    const token = await revoking.logoutToken()
    await revoking.site.revoke()
    await revoking.logout(token)
    await revoking.hearing.work()
    expect(await revoking.connection()).toMatchObject({ state: 'revoked', reason: 'signed_out', sealed: null })
    await expect.poll(told).toContainEqual(['revoked', { connection: id, reason: 'signed_out' }])
  })

  test('G08 that comes again does not end the session of who has signed in since', async () => {
    const token = await revoking.logoutToken()
    await revoking.logout(token)
    await revoking.app.signIn()
    expect((await revoking.logout(token)).status).toBe(204)
    expect(await signedIn()).toBe(true)
  })

  test('G08 does not end the session of who has signed in since, while an app that is told of it takes its time', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    revoking.hearing.parts.listeners.on('signed-out', () => promise)
    const answer = revoking.logout(await revoking.logoutToken())
    await expect.poll(signedIn).toBe(false)
    await revoking.app.signIn()
    await revoking.hearing.work()
    expect(await signedIn()).toBe(true)
    resolve()
    expect((await answer).status).toBe(204)
  })

  test('wakes the worker once it is done, for what is left to ask, and so does the worker that ends the sessions', async () => {
    const { inbox, sessions: kept } = revoking.store
    const waiting: Promise<{ readonly kind: string }[]>[] = []
    revoking.hearing.onWake = () => void waiting.push(inbox.list('waiting', 9))
    await revoking.logout(await revoking.logoutToken())
    expect(await Promise.all(waiting)).toMatchObject([[{ kind: 'event' }]])
    await revoking.hearing.work()
    const removeAll = kept.removeAll.bind(kept)
    kept.removeAll = () => Promise.reject(new Error('the database is away'))
    await revoking.logout(await revoking.logoutToken({ jti: 'jti-2' }))
    kept.removeAll = removeAll
    waiting.length = 0
    await revoking.hearing.work()
    expect((await Promise.all(waiting)).flat()).toContainEqual(expect.objectContaining({ kind: 'event' }))
  })

  test('whose sessions could not be ended at once is taken, and the worker ends them', async () => {
    const { sessions: kept } = revoking.store
    const removeAll = kept.removeAll.bind(kept)
    let [isAway, tries] = [true, 0]
    kept.removeAll = (...which) => ((tries += 1), isAway ? Promise.reject(new Error('the database is away')) : removeAll(...which))
    const token = await revoking.logoutToken()
    expect((await revoking.logout(token)).status).toBe(204)
    expect((await revoking.logout(token)).status).toBe(204)
    await revoking.hearing.work()
    expect(await signedIn()).toBe(true)
    isAway = false
    revoking.site.clock.advance(1000)
    await revoking.hearing.work()
    expect(await signedIn()).toBe(false)
    const { id } = await revoking.connection()
    expect([tries, told()]).toEqual([3, [['signed-out', { connection: id, by: 'site' }]]])
  })

  test('ends the sessions also when the process died as it was kept', async () => {
    await sessions('here', 'there')
    const { inbox } = revoking.store
    const add = inbox.add.bind(inbox)
    inbox.add = async (...entry) => {
      await add(...entry)
      throw new Error('the process died')
    }
    const token = await revoking.logoutToken({ sid: 'here' })
    expect((await revoking.logout(token)).status).toBe(503)
    inbox.add = add
    expect((await revoking.logout(token)).status).toBe(204)
    await revoking.hearing.work()
    expect([await isThere('here'), await isThere('there'), await signedIn()]).toEqual([false, true, true])
  })

  test('G08 ends nobody’s session a second time while it is asked, and asked again, whether access goes on', async () => {
    await revoking.logout(await revoking.logoutToken())
    await revoking.app.signIn()
    revoking.site.faults.down = true
    for (let n = 0; n < 5; n++) {
      await revoking.hearing.work()
      revoking.site.clock.advance(5000)
    }
    expect(await revoking.store.inbox.list('waiting', 10)).toMatchObject([{ kind: 'event' }])
    expect(await signedIn()).toBe(true)
  })

  test.each<[string, Parameters<Revoking['logoutToken']>]>([
    ['with a nonce', [{ nonce: 'n' }]],
    ['with an empty nonce', [{ nonce: '' }]],
    ['without events', [{ events: undefined }]],
    ['with events that are no object', [{ events: LOGOUT }]],
    ['with another event', [{ events: { 'http://schemas.openid.net/event/other': {} } }]],
    ['whose event is no object', [{ events: { [LOGOUT]: true } }]],
    ['without jti', [{ jti: undefined }]],
    ['with an empty jti', [{ jti: '' }]],
    ['without sub and sid', [{ sub: undefined }]],
    ['with a sub that is no text', [{ sub: 7, sid: 'here' }]],
    ['with an empty sub', [{ sub: '', sid: 'here' }]],
    ['with a sid that is no text', [{ sid: 7 }]],
    ['with an empty sid', [{ sid: '' }]],
    ['for another app', [{ aud: 'other' }]],
    ['of another site', [{ iss: 'https://other.example' }]],
    ['without iat', [{ iat: undefined }]],
    ['without exp', [{ exp: undefined }]],
    ['of the type of an id_token', [{}, { typ: 'JWT' }]],
    ['of the type of an access token', [{}, { typ: 'at+jwt' }]],
  ])('G08 %s is refused, and ends nothing', async (_what, token) => {
    const answer = await revoking.logout(await revoking.logoutToken(...token))
    expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([400, 'no-logout-token', 'no-store'])
    expect(await signedIn()).toBe(true)
    expect(await revoking.hearing.work()).toBe(0)
    expect(told()).toEqual([['webhook-rejected', { why: 'no-logout-token', path: '/connect/backchannel-logout' }]])
  })

  test('G01 G08 that another key has signed, or the public key as a secret, or nobody, is refused', async () => {
    const stranger = await generateKeyPair('ES256')
    const published = new TextEncoder().encode(await revoking.publicKeys())
    const secret = new TextEncoder().encode(revoking.site.client.secret)
    const [, payload = ''] = (await revoking.logoutToken()).split('.')
    const none = `${btoa('{"alg":"none","typ":"logout+jwt"}').replaceAll('=', '')}.${payload}.`
    for (const token of [
      await revoking.logoutToken({}, {}, stranger.privateKey),
      await revoking.logoutToken({}, { alg: 'HS256' }, published),
      await revoking.logoutToken({}, { alg: 'HS256' }, secret),
      none,
      'no.token.at-all',
      '',
    ])
      expect((await revoking.logout(token)).status).toBe(400)
    expect(await signedIn()).toBe(true)
  })

  test('without a type is taken: not every site writes one', async () => {
    expect((await revoking.logout(await revoking.logoutToken({}, { typ: undefined }))).status).toBe(204)
    expect(await signedIn()).toBe(false)
  })

  test.each([
    [-300, 204],
    [300, 204],
    [301, 400],
    [-421, 400],
  ])('of a site whose clock is %i s off is answered %i', async (seconds, status) => {
    const now = Math.floor(revoking.site.clock.now() / 1000) + seconds
    expect((await revoking.logout(await revoking.logoutToken({ iat: now, exp: now + 120 }))).status).toBe(status)
  })

  test('is asked for again when the keys of the site cannot be had', async () => {
    const token = await revoking.logoutToken()
    revoking.site.faults.down = true
    expect((await revoking.logout(token)).status).toBe(503)
    expect(await signedIn()).toBe(true)
    revoking.site.faults.down = false
    expect((await revoking.logout(token)).status).toBe(204)
    expect(await signedIn()).toBe(false)
  })

  test.each(['sessions', 'connections'] as const)(
    'that names a session alone is asked for again when the store of %s fails',
    async (part) => {
      await sessions('here')
      const token = await revoking.logoutToken({ sub: undefined, sid: 'here' })
      const { sessions: kept, connections } = revoking.store
      const [ofSession, read] = [kept.connectionsOf.bind(kept), connections.read.bind(connections)]
      const away = () => Promise.reject(new Error('the database is away'))
      if (part === 'sessions') kept.connectionsOf = away
      else connections.read = away
      const answer = await revoking.logout(token)
      expect([answer.status, await answer.text(), answer.headers.get('retry-after')]).toEqual([503, 'not-kept', '5'])
      kept.connectionsOf = ofSession
      connections.read = read
      expect((await revoking.logout(token)).status).toBe(204)
      expect(await isThere('here')).toBe(false)
    },
  )

  test('is taken as the only one of a form, and nothing else is', async () => {
    const token = await revoking.logoutToken()
    const [, route] = revoking.hearing.room.routes
    const post = async (body: BodyInit, headers: Record<string, string> = {}) =>
      (await route!.answer(new Request('http://localhost:4100/connect/backchannel-logout', { method: 'POST', body, headers }))).status
    const form = `logout_token=${token}`
    expect(await post(`${form}&${form}`, { 'content-type': 'application/x-www-form-urlencoded' })).toBe(400)
    expect(await post('', { 'content-type': 'application/x-www-form-urlencoded' })).toBe(400)
    expect(await post(JSON.stringify({ logout_token: token }), { 'content-type': 'application/json' })).toBe(415)
    expect(await signedIn()).toBe(true)
  })

  test('is of no use at a Frappe, which signs with the app’s own secret', async () => {
    const site = new FakeUpstream({ kind: 'frappe-15', clock: revoking.site.clock, issuer: revoking.site.issuer })
    const app = new TestApp(site)
    await app.signIn()
    const hearing = new Hearing(app, {})
    const secret = new TextEncoder().encode(site.client.secret)
    expect((await revoking.logout(await revoking.logoutToken({}, { alg: 'HS256' }, secret), hearing)).status).toBe(400)
    expect(await app.connector.session(app.request())).toBeDefined()
  })
})

import { expect, test } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import type { SessionStore, StoredSession } from '../connector-store.ts'

const sessionOf = (values: Partial<StoredSession> = {}): StoredSession => ({
  hash: randomToken(),
  connection: randomToken(),
  expiresAt: 2000,
  sid: null,
  ...values,
})

export function sessionContract(sessions: () => SessionStore): void {
  test('knows a session until it is over or removed', async () => {
    const session = sessionOf({ sid: 'browser 1' })
    await sessions().insert(session)
    expect(await sessions().read(session.hash, 1999)).toEqual(session)
    expect(await sessions().read(session.hash, 2000)).toBeUndefined()
    await sessions().remove(session.hash)
    expect(await sessions().read(session.hash, 1000)).toBeUndefined()
    expect(await sessions().removeAll(session.connection)).toBe(0)
  })

  test('removes every session of a connection and no other', async () => {
    const connection = randomToken()
    const [first, second, other] = [sessionOf({ connection }), sessionOf({ connection, sid: 'x' }), sessionOf()]
    for (const session of [first, second, other]) await sessions().insert(session)
    expect(await sessions().removeAll(connection)).toBe(2)
    expect(await sessions().read(first.hash, 1000)).toBeUndefined()
    expect(await sessions().read(other.hash, 1000)).toEqual(other)
  })

  test("removes the sessions of one of the site's browser sessions alone", async () => {
    const connection = randomToken()
    const [one, two, nameless] = [sessionOf({ connection, sid: 'one' }), sessionOf({ connection, sid: 'two' }), sessionOf({ connection })]
    const stranger = sessionOf({ sid: 'one' })
    for (const session of [one, two, nameless, stranger]) await sessions().insert(session)
    expect(await sessions().removeAll(connection, 'one')).toBe(1)
    expect(await sessions().read(one.hash, 1000)).toBeUndefined()
    for (const left of [two, nameless, stranger]) expect(await sessions().read(left.hash, 1000)).toEqual(left)
  })

  test("tells whose one of the site's browser sessions is, while a session of it is there", async () => {
    const [sid, connection] = [randomToken(), randomToken()]
    const [first, second] = [sessionOf({ connection, sid }), sessionOf({ connection, sid })]
    for (const session of [first, second, sessionOf(), sessionOf({ sid: randomToken() })]) await sessions().insert(session)
    expect(await sessions().connectionsOf(sid)).toEqual([connection])
    await sessions().remove(first.hash)
    expect(await sessions().connectionsOf(sid)).toEqual([connection])
    await sessions().removeAll(connection, sid)
    expect(await sessions().connectionsOf(sid)).toEqual([])
    await sessions().insert(first)
    expect(await sessions().sweep(first.expiresAt)).toBeGreaterThanOrEqual(1)
    expect(await sessions().connectionsOf(sid)).toEqual([])
    expect(await sessions().connectionsOf('')).toEqual([])
  })

  test("tells every connection that has a session of one of the site's browser sessions, each once", async () => {
    const [sid, one, other] = [randomToken(), randomToken(), randomToken()]
    for (const connection of [one, one, other]) await sessions().insert(sessionOf({ connection, sid }))
    expect([...(await sessions().connectionsOf(sid))].toSorted()).toEqual([one, other].toSorted())
    await sessions().removeAll(one, sid)
    expect(await sessions().connectionsOf(sid)).toEqual([other])
  })

  test('forgets what is over when it is swept', async () => {
    const [over, alive] = [sessionOf({ expiresAt: 100 }), sessionOf({ expiresAt: 101 })]
    for (const session of [over, alive]) await sessions().insert(session)
    expect(await sessions().sweep(100)).toBeGreaterThanOrEqual(1)
    expect(await sessions().read(over.hash, 0)).toBeUndefined()
    expect(await sessions().read(alive.hash, 0)).toEqual(alive)
    expect(await sessions().removeAll(over.connection)).toBe(0)
  })

  test('forgets all that is over, however many there are', async () => {
    const connection = randomToken()
    for (let index = 0; index < 450; index++) await sessions().insert(sessionOf({ connection, expiresAt: 10 }))
    const alive = sessionOf({ connection, expiresAt: 11 })
    await sessions().insert(alive)
    expect(await sessions().sweep(10)).toBeGreaterThanOrEqual(450)
    expect(await sessions().removeAll(connection)).toBe(1)
  })
}

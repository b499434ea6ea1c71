import { beforeEach, expect, test } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import { INBOX_KINDS as KINDS, type ConnectorStore, type InboxEntry, type InboxStore } from '../connector-store.ts'
import { entryOf, ODD_NAMES } from './samples.fixture.ts'

export function inboxContract(store: () => ConnectorStore): void {
  let inbox: InboxStore
  beforeEach(() => {
    inbox = store().of(randomToken()).inbox
  })
  const take = (limit = 10, leaseMs = 60_000): Promise<InboxEntry[]> => inbox.take(KINDS, limit, leaseMs)
  const takenIds = async (limit?: number, leaseMs?: number): Promise<string[]> => (await take(limit, leaseMs)).map(({ id }) => id)

  receiving(() => inbox, take)
  inTurn(() => inbox)
  working(() => inbox, takenIds)
  sweeping(() => inbox)
  sweepingMany(() => inbox)
  repeating(() => inbox, takenIds)
}

function receiving(inbox: () => InboxStore, take: () => Promise<InboxEntry[]>): void {
  test('gives what it received, as it came, the oldest first', async () => {
    const [late, early] = [entryOf({ receivedAt: 2000, kind: 'logout', payload: '' }), entryOf({ receivedAt: 1000 })]
    expect(await inbox().add(late)).toBe('added')
    expect(await inbox().add(early)).toBe('added')
    expect(await inbox().list('waiting', 10)).toEqual([
      { ...early, attempts: 0, error: null },
      { ...late, attempts: 0, error: null },
    ])
    expect(await take()).toEqual([
      { ...early, attempts: 1 },
      { ...late, attempts: 1 },
    ])
  })

  test.each(ODD_NAMES)('an entry may be called %j and hold that', async (id) => {
    const entry = entryOf({ id, payload: JSON.stringify(id) })
    await inbox().add(entry)
    expect(await inbox().add(entry)).toBe('repeat')
    expect(await take()).toEqual([{ ...entry, attempts: 1 }])
  })

  test('gives the kinds that are asked for', async () => {
    const [document, event] = [entryOf(), entryOf({ kind: 'event' })]
    for (const entry of [document, event]) await inbox().add(entry)
    expect((await inbox().take(['event', 'logout'], 10, 60_000)).map(({ id }) => id)).toEqual([event.id])
    expect((await inbox().take(['document'], 10, 60_000)).map(({ id }) => id)).toEqual([document.id])
  })
}

function inTurn(inbox: () => InboxStore): void {
  test('what has been due the longest comes first, so that old letters which fail keep no new one waiting', async () => {
    const [failing, fresh] = [entryOf({ receivedAt: 1 }), entryOf({ receivedAt: 2 })]
    await inbox().add(failing)
    expect((await inbox().take(KINDS, 1, 60_000)).map(({ id }) => id)).toEqual([failing.id])
    await inbox().add(fresh)
    await inbox().retry(failing.id, 1, 'no')
    const taken: string[] = []
    await expect.poll(async () => taken.push(...(await inbox().take(KINDS, 1, 60_000)).map(({ id }) => id)), { interval: 5 }).toBe(2)
    expect(taken).toEqual([fresh.id, failing.id])
  })

  test('what is due at one moment comes by id, whatever its kind and however it came', async () => {
    const entries = Array.from({ length: 12 }, (_, index) => entryOf({ kind: KINDS[index % 3]!, receivedAt: 100 - index }))
    for (const entry of entries) await inbox().add(entry)
    // All that is taken at once is due again at one moment.
    expect(await inbox().take(KINDS, 12, 30)).toHaveLength(12)
    const taken: string[] = []
    await expect
      .poll(async () => taken.push(...(await inbox().take(KINDS, 1, 3_600_000)).map(({ id }) => id)), { interval: 5, timeout: 5000 })
      .toBe(12)
    expect(taken).toEqual(entries.map(({ id }) => id).toSorted())
  })

  test('much of one kind keeps no other from being taken', async () => {
    for (let index = 0; index < 250; index++) await inbox().add(entryOf({ receivedAt: index }))
    const logout = entryOf({ kind: 'logout', receivedAt: 9000 })
    await inbox().add(logout)
    expect((await inbox().take(['event', 'logout'], 8, 60_000)).map(({ id }) => id)).toEqual([logout.id])
    expect(await inbox().take(['event', 'logout'], 8, 60_000)).toEqual([])
    const taken = new Set<string>()
    for (let page = await inbox().take(KINDS, 100, 60_000); page.length > 0; page = await inbox().take(KINDS, 100, 60_000))
      for (const { id } of page) taken.add(id)
    expect(taken.size).toBe(250)
  })
}

function working(inbox: () => InboxStore, takenIds: (limit?: number, leaseMs?: number) => Promise<string[]>): void {
  test('gives each entry to one of many takers', async () => {
    const entries = Array.from({ length: 16 }, (_, index) => entryOf({ receivedAt: index }))
    for (const entry of entries) await inbox().add(entry)
    const taken: string[] = []
    while (taken.length < entries.length) taken.push(...(await Promise.all(Array.from({ length: 16 }, () => takenIds(2)))).flat())
    expect(taken.toSorted()).toEqual(entries.map(({ id }) => id).toSorted())
  })

  test('what a taker left undone comes back when its time is over', async () => {
    const entry = entryOf()
    await inbox().add(entry)
    expect(await takenIds(1, 30)).toEqual([entry.id])
    await expect.poll(() => takenIds(), { interval: 5 }).toEqual([entry.id])
    expect((await inbox().list('waiting', 10))[0]?.attempts).toBe(2)
  })

  test('what is done is not given again, and what it held is forgotten', async () => {
    const entry = entryOf()
    await inbox().add(entry)
    await takenIds()
    await inbox().done(entry.id)
    expect(await takenIds()).toEqual([])
    expect(await inbox().list('waiting', 10)).toEqual([])
    expect(await inbox().add(entry)).toBe('repeat')
  })

  test('what is to be tried again waits for so long, with what went wrong', async () => {
    const [soon, later] = [entryOf(), entryOf()]
    for (const entry of [soon, later]) await inbox().add(entry)
    await takenIds()
    await inbox().retry(soon.id, 0, 'the site is down')
    await inbox().retry(later.id, 3_600_000, 'the site is down')
    expect(await takenIds()).toEqual([soon.id])
    expect(await inbox().list('waiting', 10)).toEqual(
      expect.arrayContaining([{ ...later, attempts: 1, error: 'the site is down' }, expect.objectContaining({ id: soon.id, attempts: 2 })]),
    )
  })

  test('what is given up is kept to be looked at', async () => {
    const entry = entryOf()
    await inbox().add(entry)
    await takenIds()
    await inbox().giveUp(entry.id, 'the app threw')
    expect(await takenIds()).toEqual([])
    expect(await inbox().list('waiting', 10)).toEqual([])
    expect(await inbox().list('given-up', 10)).toEqual([{ ...entry, attempts: 1, error: 'the app threw' }])
  })

  test('forgets what was done and received before', async () => {
    const [old, recent, waiting] = [entryOf({ receivedAt: 1 }), entryOf({ receivedAt: 2 }), entryOf({ receivedAt: 1 })]
    for (const entry of [old, recent, waiting]) await inbox().add(entry)
    for (const entry of [old, recent]) await inbox().done(entry.id)
    expect(await inbox().sweep(2, 0)).toBe(1)
    expect(await inbox().add(old)).toBe('added')
    expect(await inbox().add(recent)).toBe('repeat')
    expect(await inbox().add(waiting)).toBe('repeat')
  })
}

function sweeping(inbox: () => InboxStore): void {
  test('forgets what was given up and received before another moment', async () => {
    const [old, recent, done] = [entryOf({ receivedAt: 1 }), entryOf({ receivedAt: 2 }), entryOf({ receivedAt: 1 })]
    for (const entry of [old, recent, done]) await inbox().add(entry)
    for (const entry of [old, recent]) await inbox().giveUp(entry.id, 'the app threw')
    await inbox().done(done.id)
    expect(await inbox().sweep(0, 2)).toBe(1)
    expect((await inbox().list('given-up', 9)).map(({ id }) => id)).toEqual([recent.id])
    expect(await inbox().add(done)).toBe('repeat')
  })
}

function sweepingMany(inbox: () => InboxStore): void {
  test('forgets all that is over, however many there are', async () => {
    const entries = Array.from({ length: 450 }, (_, index) => entryOf({ receivedAt: index }))
    for (const { id, ...entry } of entries) {
      await inbox().add({ id, ...entry })
      await inbox().done(id)
    }
    expect(await inbox().sweep(449, 0)).toBe(449)
    expect(await inbox().add(entries[0]!)).toBe('added')
    expect(await inbox().add(entries[449]!)).toBe('repeat')
  })
}

function repeating(inbox: () => InboxStore, takenIds: () => Promise<string[]>): void {
  test('what comes again while it waits is worked on once', async () => {
    const entry = entryOf()
    await inbox().add(entry)
    expect(await inbox().add({ ...entry, receivedAt: 2000 }, { again: true })).toBe('repeat')
    expect(await takenIds()).toEqual([entry.id])
    await inbox().done(entry.id)
    expect(await takenIds()).toEqual([])
  })

  test('what comes again while it is worked on waits anew when that is done', async () => {
    const entry = entryOf()
    await inbox().add(entry)
    await takenIds()
    await inbox().add(entry, { again: true })
    expect(await takenIds()).toEqual([])
    await inbox().done(entry.id)
    expect(await takenIds()).toEqual([entry.id])
    await inbox().done(entry.id)
    expect(await takenIds()).toEqual([])
  })

  test('what comes again while it is worked on for the last time waits anew when that is given up', async () => {
    const entry = entryOf({ receivedAt: 1000 })
    await inbox().add(entry)
    await takenIds()
    await inbox().add({ ...entry, receivedAt: 2000 }, { again: true })
    await inbox().giveUp(entry.id, 'the app threw')
    expect(await inbox().list('given-up', 10)).toEqual([])
    expect(await inbox().list('waiting', 10)).toEqual([{ ...entry, receivedAt: 2000, attempts: 0, error: null }])
    expect(await takenIds()).toEqual([entry.id])
    await inbox().giveUp(entry.id, 'the app threw')
    expect((await inbox().list('given-up', 10)).map(({ id }) => id)).toEqual([entry.id])
  })

  test('what comes again once it was tried is received anew, so that who was told before is known from who was told of it', async () => {
    const [tried, failed] = [entryOf({ receivedAt: 1000 }), entryOf({ receivedAt: 1000 })]
    for (const entry of [tried, failed]) await inbox().add(entry)
    await takenIds()
    await inbox().retry(failed.id, 0, 'no')
    for (const { id, kind, payload } of [tried, failed])
      for (const receivedAt of [2000, 1500]) expect(await inbox().add({ id, kind, payload, receivedAt }, { again: true })).toBe('repeat')
    expect((await inbox().list('waiting', 10)).map(({ receivedAt }) => receivedAt)).toEqual([2001, 2001])
    await inbox().done(tried.id)
    expect((await takenIds()).toSorted()).toEqual([tried.id, failed.id].toSorted())
    for (const { id } of [tried, failed]) await inbox().done(id)
    expect(await takenIds()).toEqual([])
  })

  test('what comes again after it was done or given up waits anew, where that is wanted', async () => {
    const [done, givenUp] = [entryOf({ receivedAt: 1 }), entryOf({ receivedAt: 2 })]
    for (const entry of [done, givenUp]) await inbox().add(entry)
    await takenIds()
    await inbox().done(done.id)
    await inbox().giveUp(givenUp.id, 'no')
    for (const entry of [done, givenUp]) expect(await inbox().add(entry)).toBe('repeat')
    expect(await takenIds()).toEqual([])
    for (const entry of [done, givenUp]) expect(await inbox().add(entry, { again: true })).toBe('added')
    expect(await inbox().list('given-up', 10)).toEqual([])
    expect(await inbox().list('waiting', 10)).toEqual([
      { ...done, attempts: 0, error: null },
      { ...givenUp, attempts: 0, error: null },
    ])
    expect(await takenIds()).toEqual([done.id, givenUp.id])
  })
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { Visitor, type Page } from '../own-account/visitor.fixture.ts'

const PATH = '/forgot-password'
const METHOD = '/api/method/frappe.core.doctype.user.user.reset_password'

describe.each(engines)('a forgotten password, on %s', (engine) => {
  let house: IdentityHouse
  const letters: string[] = []
  /** Resolves when the letter may be written. */
  let mayWrite: Promise<void> = Promise.resolve()
  const wanted = new Set<() => void>()
  beforeAll(async () => {
    house = await openIdentityHouse(engine, {
      outbox: {
        insert: async (_connection, { receiver }) => {
          await mayWrite
          letters.push(receiver)
          for (const wake of wanted) wake()
        },
      },
    })
  })
  afterAll(() => house.close())

  let networks = 0
  /** Somebody at an address of their own. */
  const stranger = (): Visitor => new Visitor(house.base, { 'x-forwarded-for': `192.0.2.${(networks += 1)}` })
  const ask = (visitor: Visitor, user: string): Promise<Page> => visitor.post(PATH, { user })
  async function written(count: number): Promise<readonly string[]> {
    while (letters.length < count) await new Promise<void>((go) => wanted.add(go))
    return letters
  }

  it('is asked about on a page that the sign-in page names, and answered alike for everybody', async () => {
    const user = await Visitor.person(house)
    expect((await stranger().get('/login')).text).toContain(`href="${PATH}"`)
    expect((await stranger().get(PATH)).text).toContain('<label for="user">E-mail address</label>')
    const before = letters.length
    const [known, unknown] = [await ask(stranger(), ` ${user.toUpperCase()} `), await ask(stranger(), 'nobody@example.com')]
    expect(known).toEqual(unknown)
    expect(known).toMatchObject({ status: 303, location: `${PATH}?asked=1` })
    expect((await stranger().get(`${PATH}?asked=1`)).text).toContain('If there is an account with that address, a letter is on its way.')
    expect(await written(before + 2)).toContain(`letters ${user}`)
  })

  it('is answered before anything is written, so that its time tells nothing either', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    mayWrite = promise
    const before = letters.length
    expect((await ask(stranger(), 'slow@example.com')).status).toBe(303)
    expect(letters.length).toBe(before)
    resolve()
    await written(before + 1)
  })

  it('may be asked about three times an hour from one address, by the page and the method together', async () => {
    const visitor = stranger()
    const statuses: number[] = []
    for (const turn of [1, 2]) statuses.push((await ask(visitor, `once${turn}@example.com`)).status)
    statuses.push((await visitor.post(METHOD, { user: 'method@example.com' })).status)
    const late = await ask(visitor, 'late@example.com')
    expect([...statuses, late.status]).toEqual([303, 303, 200, 429])
    expect(late.text).toContain('role="alert"')
  })

  it('counts a whole network of IPv6 as one address', async () => {
    const from = (ip: string): Visitor => new Visitor(house.base, { 'x-forwarded-for': ip })
    const statuses: number[] = []
    for (const last of [1, 2, 3, 4]) statuses.push((await ask(from(`2001:db8:0:7::${last}`), `six${last}@example.com`)).status)
    statuses.push((await ask(from('2001:db8:0:8::1'), 'other@example.com')).status)
    expect(statuses).toEqual([303, 303, 303, 429, 303])
  })

  it('brings one mailbox three letters an hour, and whoever asks for more is not told', async () => {
    const user = await Visitor.person(house)
    const before = letters.length
    for (let turn = 0; turn < 5; turn += 1) expect((await ask(stranger(), user)).status).toBe(303)
    await ask(stranger(), 'last@example.com')
    const since = (await written(before + 4)).slice(before)
    expect(since.toSorted()).toEqual([`letters ${user}`, `letters ${user}`, `letters ${user}`, 'letters last@example.com'].toSorted())
  })

  it('cannot be asked about by a form of another site', async () => {
    const foreign = new Visitor(house.base, { origin: 'https://evil.example.com' })
    expect((await ask(foreign, 'victim@example.com')).status).toBe(400)
    expect(letters).not.toContain('letters victim@example.com')
  })
})

describe.each(engines)('a forgotten password on a site without mail, on %s', (engine) => {
  let house: IdentityHouse
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
  })
  afterAll(() => house.close())

  it('is a matter for a System Manager, as the page says at once', async () => {
    const page = await new Visitor(house.base).get(PATH)
    expect(page.text).toContain('Ask a System Manager of it for a link to a new password')
    expect(page.text).not.toContain('<form')
    const posted = await new Visitor(house.base).post(PATH, { user: 'somebody@example.com' })
    expect([posted.status, posted.text.includes('Ask a System Manager')]).toEqual([501, true])
  })
})

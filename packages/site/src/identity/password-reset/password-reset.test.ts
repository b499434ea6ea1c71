import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { composeLetter } from '../letters/compose-letter.ts'
import { PASSWORD, Visitor, type Page } from '../own-account/visitor.fixture.ts'

const NEW = 'another long password'

describe.each(engines)('a reset link, on %s', (engine) => {
  let house: IdentityHouse
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    await house.accounts.ensureAdministrator('the first password')
  })
  afterAll(() => house.close())

  const visitor = (): Visitor => new Visitor(house.base)
  const pathOf = (link: string): string => link.slice(house.base.length)
  const keyOf = (link: string): string => new URL(link).searchParams.get('key') ?? ''
  const linkFor = async (user: string): Promise<string> => house.resets.link(ADMINISTRATOR, user)
  const set = (link: string, password = NEW): Promise<Page> => visitor().post('/update-password', { key: keyOf(link), password })
  const events = async (event: string): Promise<number> => {
    const query = house.database.connection.withTables<{ audit: { event: string } }>().selectFrom('audit').selectAll()
    return (await query.where('event', '=', event).execute()).length
  }

  it('sets a password once, and ends every session and grant', async () => {
    const user = await Visitor.person(house)
    const before = visitor()
    await before.signIn(user)
    const link = await linkFor(user)
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/update-password\?key=[\w-]{43}$/)
    for (let look = 0; look < 2; look += 1) expect((await visitor().get(pathOf(link))).text).toContain(user)
    const [changed, made] = [await events('password changed'), await events('reset link made')]
    expect(await set(link)).toMatchObject({ status: 303, location: '/update-password?done=1' })
    expect([await before.user(), house.revoked.includes(user)]).toEqual(['Guest', true])
    expect([(await visitor().signIn(user)).status, (await visitor().signIn(user, NEW)).status]).toEqual([401, 303])
    expect([(await events('password changed')) - changed, made > 0]).toEqual([1, true])
    const again = await set(link, 'a third long password')
    expect([again.status, again.text.includes('no longer good')]).toEqual([417, true])
    expect((await visitor().signIn(user, NEW)).status).toBe(303)
  })

  it('stays good when the password is not, and says why', async () => {
    const link = await linkFor(await Visitor.person(house))
    const refused = await set(link, 'short')
    expect([refused.status, refused.text.includes('8 characters or more')]).toEqual([417, true])
    expect((await set(link)).status).toBe(303)
  })

  it('is remembered by the trail when a letter brings it, too', async () => {
    const user = await Visitor.person(house)
    const made = await events('reset link made')
    const now = (): number => Date.now() * 1000
    const parts = { ...house, issuer: () => house.base, zone: 'UTC', now }
    const letter = await composeLetter(parts, { payload: { about: 'reset', user }, created: now() })
    expect((await events('reset link made')) - made).toBe(1)
    const [link = ''] = /http:\S+/.exec(letter?.text ?? '') ?? []
    expect((await set(link)).status).toBe(303)
  })

  it('is used by one of two at once', async () => {
    const link = await linkFor(await Visitor.person(house))
    const replies = await Promise.all([set(link, 'first of two passwords'), set(link, 'second of two passwords')])
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 417])
  })

  it('ends with a password that was set in another way, and is no namesake’s', async () => {
    const [user, leaver] = [await Visitor.person(house), await Visitor.person(house)]
    const [older, leavers] = [await linkFor(user), await linkFor(leaver)]
    await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: 'set by hand' } })
    await house.documents.remove(ADMINISTRATOR, { doctype: 'User', name: leaver })
    await house.documents.insert(ADMINISTRATOR, 'User', [{ email: leaver, first_name: 'Namesake' }])
    expect([(await set(older)).status, (await set(leavers)).status]).toEqual([417, 417])
  })

  it('ends after an hour, by a newer one, and with its user', async () => {
    const [late, twice, gone] = [await Visitor.person(house), await Visitor.person(house), await Visitor.person(house)]
    const [older, newer] = [await linkFor(twice), await linkFor(twice)]
    expect([(await set(older)).status, (await set(newer)).status]).toEqual([417, 303])
    const disabled = await linkFor(gone)
    await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: gone, values: { enabled: 0 } })
    expect((await set(disabled)).status).toBe(417)
    const old = await linkFor(late)
    house.advance(3601)
    expect([(await set(old)).status, (await visitor().get(pathOf(old))).status]).toEqual([417, 417])
  })

  it('stands in the database as a hash', async () => {
    const link = await linkFor(await Visitor.person(house))
    const tables = house.database.connection.withTables<{ password_reset: { hash: string } }>()
    expect(JSON.stringify(await tables.selectFrom('password_reset').selectAll().execute())).not.toContain(keyOf(link))
  })

  it('is made by a System Manager, on a page that shows it once and by a method, and never for Administrator', async () => {
    const user = await Visitor.person(house)
    const [chief, clerk] = [visitor(), visitor()]
    await chief.signIn(await Visitor.person(house, { roles: [{ role: 'System Manager' }] }))
    await clerk.signIn(await Visitor.person(house))
    const page = await chief.post('/reset-link', { user })
    const [, link = ''] = /<code>([^<]+)<\/code>/.exec(page.text) ?? []
    expect((await chief.get('/reset-link')).text).not.toContain('<code>')
    expect((await set(link)).status).toBe(303)
    const method = await chief.post('/api/method/annex.users.make_reset_link', { user })
    expect(JSON.parse(method.text)).toMatchObject({ message: { link: expect.stringContaining('/update-password?key=') as string } })
    expect((await clerk.post('/reset-link', { user })).status).toBe(403)
    expect((await chief.post('/reset-link', { user: 'Administrator' })).status).toBe(403)
    expect((await chief.post('/reset-link', { user: 'nobody@example.com' })).status).toBe(404)
    expect((await visitor().get('/reset-link')).location).toBe('/login?redirect-to=%2Freset-link')
    expect((await visitor().signIn(user, PASSWORD)).status).toBe(401)
  })

  it('gives Administrator a new password when it is made on the machine', async () => {
    expect((await set(await linkFor('Administrator'), 'the second password')).status).toBe(303)
    expect((await visitor().signIn('Administrator', 'the second password')).status).toBe(303)
  })
})

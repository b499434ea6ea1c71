import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { expectRefusal } from '../../testing/answers.fixture.ts'
import {
  APPROVE,
  Browser,
  boxesOf,
  connect,
  person,
  readConsent,
  register,
  request,
  swap,
  type App,
  type Reply,
} from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const namesIn = (page: Reply, doctype: string): string | undefined =>
  new RegExp(`<textarea[^>]*name="only\\.${doctype}"[^>]*>\\n([^<]*)</textarea>`).exec(page.text)?.[1]

describe.each(engines)('the documents that a user keeps an app to, on %s', (engine) => {
  let provider: Provider
  let app: App
  let user: string
  let alice: Browser
  let own: string[]

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [
      {
        name: 'Order',
        module: 'Stock',
        custom: 1,
        autoname: 'prompt',
        fields: [{ fieldname: 'title', fieldtype: 'Data' }],
        permissions: [{ role: 'Desk User', read: 1, write: 1, if_owner: 1 }, { role: 'System Manager' }],
      },
    ])
    app = await register(provider, { scopes: 'openid all *:read Order:* Item:read Item:create' })
  })
  let count = 0
  beforeEach(async () => {
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
    count += 1
    own = [`mine ${count}`, `also ${count}`]
    await provider.documents.insert(
      ADMINISTRATOR,
      'Order',
      [...own, `other ${count}`].map((name) => ({ name })),
    )
    await provider.database.transaction(async (connection) => {
      const db = connection.withTables<{ tabOrder: { name: string; owner: string } }>()
      await db.updateTable('tabOrder').set({ owner: user }).where('name', 'in', own).execute()
    })
  })
  afterAll(() => provider.close())

  const ask = (scope: string, values: Record<string, string> = {}): Promise<Reply> => alice.authorize(request(app, { scope, ...values }))
  const allow = (page: Reply, fields: Record<string, string | string[]>): Promise<Reply> =>
    alice.post(APPROVE, { ...readConsent(page), decision: 'allow', ...fields })
  const tokens = async (reply: Reply): Promise<Record<string, unknown>> =>
    (await swap(provider, app, reply.location?.searchParams.get('code') ?? '')).json
  const filtersNow = async (): Promise<unknown> => JSON.parse((await provider.grants.list(user, app.id))[0]?.filters ?? 'null')
  const only = (names: readonly string[]): object => ({ Order: [['name', 'in', names]] })

  it('are named one a line, and bind the grant', async () => {
    const page = await ask('openid Order:read')
    expect(namesIn(page, 'Order')).toBe('')
    const reply = await tokens(await allow(page, { 'only.Order': ` ${own[0]} \r\n\r\n${own[1]}\r\n${own[0]}` }))
    expect(reply['scope']).toBe('openid Order:read')
    expect(reply['authorization_details']).toEqual([
      { type: 'frappe_doctype', doctype: 'Order', actions: ['read'], filters: [['name', 'in', own]] },
    ])
    expect(await filtersNow()).toEqual(only(own))
  })

  it.each([
    ['somebody else’s', (): string => `other ${count}`],
    ['one that is not there', (): string => 'ghost'],
    ['markup', (): string => '<script>alert(1)</script>'],
    ['too long a name', (): string => 'x'.repeat(141)],
    ['too many names', (): string => Array.from({ length: 101 }, (_, index) => `n${index}`).join('\n')],
  ])('cannot be %s: the page says so, keeps what was typed, and stays good', async (_which, bad) => {
    const page = await ask('openid Order:read Order:write')
    const again = await allow(page, { scope: ['openid', 'Order:read'], 'only.Order': `${own[0]}\n${bad()}` })
    expect([again.status, again.location]).toEqual([400, undefined])
    expect(again.text).toMatch(/role="alert"[^>]*>There is no Order that you may see with the name/)
    expect(again.text).not.toContain('<script>')
    expect(namesIn(again, 'Order')).toContain(own[0])
    expect(readConsent(again)['scope']).toEqual(['openid', 'Order:read'])
    expect(await provider.grants.list(user, app.id)).toEqual([])
    expect((await tokens(await allow(again, { 'only.Order': own[0] ?? '' })))['scope']).toBe('openid Order:read')
    expect(await filtersNow()).toEqual(only([own[0] ?? '']))
  })

  it('are kept when the app comes back, silently or for one right more', async () => {
    await allow(await ask('openid Order:read'), { 'only.Order': own[0] ?? '' })
    expect((await ask('openid Order:read')).status).toBe(303)
    expect(await filtersNow()).toEqual(only([own[0] ?? '']))
    const page = await ask('openid Order:read Order:write')
    expect([boxesOf(page), namesIn(page, 'Order')]).toEqual([['Order:write'], own[0]])
    // A form without the field (an old client's) changes nothing of it.
    await allow(page, {})
    expect(await filtersNow()).toEqual(only([own[0] ?? '']))
  })

  it('are kept while other DocTypes are asked about, and said', async () => {
    await allow(await ask('openid Order:read'), { 'only.Order': own[0] ?? '' })
    const page = await ask('openid Order:read Item:read')
    expect(namesIn(page, 'Order')).toBeUndefined()
    expect(page.text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')).toContain(`Name is ${own[0]} (chosen by you)`)
    await allow(page, { 'only.Item': '' })
    expect(await filtersNow()).toEqual(only([own[0] ?? '']))
  })

  it('are kept under a right on every DocType', async () => {
    await allow(await ask('openid Order:read *:read'), { 'only.Order': own[0] ?? '' })
    expect((await ask('openid *:read')).status).toBe(303)
    expect(await filtersNow()).toEqual(only([own[0] ?? '']))
  })

  it('are given up when the user empties the field, and not asked for again', async () => {
    await allow(await ask('openid Order:read'), { 'only.Order': own[0] ?? '' })
    await allow(await ask('openid Order:read', { prompt: 'consent' }), { 'only.Order': '' })
    expect(await filtersNow()).toBeNull()
    expect((await ask('openid Order:read')).status).toBe(303)
    expect(await filtersNow()).toBeNull()
  })

  it('leave no room for all, whatever is ticked', async () => {
    const page = await ask('openid all Order:read')
    expect(page.text).toContain('functions are left out')
    expect((await tokens(await allow(page, { 'only.Order': own[0] ?? '' })))['scope']).toBe('openid Order:read')
    expect(boxesOf(await ask('openid all Order:read'))).toEqual(['all'])
  })

  it('stand beside what the app asked for', async () => {
    const details = JSON.stringify([{ type: 'frappe_doctype', doctype: 'Order', actions: ['read'], filters: { title: 'x' } }])
    await allow(await ask('openid', { authorization_details: details }), { 'only.Order': own[0] ?? '' })
    expect(await filtersNow()).toEqual({
      Order: [
        ['title', '=', 'x'],
        ['name', 'in', [own[0]]],
      ],
    })
    expect((await ask('openid', { authorization_details: details })).status).toBe(303)
    expect(await filtersNow()).toEqual({
      Order: [
        ['title', '=', 'x'],
        ['name', 'in', [own[0]]],
      ],
    })
  })

  it('are not asked for where only new ones can be made, nor taken for a DocType that is not on the page', async () => {
    const page = await ask('openid Item:create')
    expect(namesIn(page, 'Item')).toBeUndefined()
    await allow(page, { 'only.Item': 'x', 'only.Order': own[0] ?? '' })
    expect(await filtersNow()).toBeNull()
  })

  it('come with a form of the page alone', async () => {
    const page = await ask('openid Order:read')
    expectRefusal(await allow(page, { onlyOrder: 'x' }))
  })

  it('says what an administrator keeps the app to, which cannot be changed', async () => {
    const held = await register(provider, {
      scopes: 'openid Order:read',
      row_filters: JSON.stringify({ Order: [['title', 'like', 'North%']] }),
    })
    const page = await alice.authorize(request(held, { scope: 'openid Order:read' }))
    expect(boxesOf(page)).toEqual(['Order:read'])
    expect(page.text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')).toContain(
      'Title begins with North (set by an administrator of this site)',
    )
    expect((await connect(provider, alice, held, { scope: 'openid Order:read' })).scope).toBe('openid Order:read')
  })
})

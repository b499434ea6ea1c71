import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { SETTINGS } from '../../settings.ts'
import { expectError } from '../../testing/answers.fixture.ts'
import {
  Browser,
  boxesOf,
  connect,
  me,
  person,
  readConsent,
  register,
  renew,
  request,
  swap,
  tokensOf,
  type App,
} from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const SETS = {
  field: { title: 'Field <work>', scopes: ['Item:read', 'Item:write', 'Sales.Invoice:read'] },
  wide: { title: 'Wide', scopes: ['all'] },
}

describe.each(engines)('a set of scopes on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser
  let app: App

  const saveSets = async (sets: object): Promise<void> => {
    await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { scope_sets: JSON.stringify(sets) } })
    await provider.generation.observe(await provider.generation.read())
  }
  const allow = (id: string, scopes: string): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: id, values: { scopes } })

  beforeAll(async () => {
    provider = await openProvider(engine)
    await saveSets(SETS)
  })
  beforeEach(async () => {
    await saveSets(SETS)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
    app = await register(provider, { scopes: 'openid set:field' })
  })
  afterAll(() => provider.close())

  it('is shown under its title, one box for each right that it holds, and granted as these', async () => {
    const page = await alice.authorize(request(app, { scope: 'openid set:field' }))
    expect(boxesOf(page)).toEqual(['Item:read', 'Item:write', 'Sales.Invoice:read'])
    expect(page.text).toMatch(/<legend><bdi>Field &lt;work&gt;<\/bdi><\/legend>[^]*Read Item[^]*Change Item[^]*Read Sales Invoice/)
    const code = (await alice.decide(page, 'allow', ['Item:write'])).location?.searchParams.get('code') ?? ''
    const reply = await swap(provider, app, code)
    expect(reply.json['scope']).toBe('openid Item:read Sales.Invoice:read')
    const [grant] = await provider.grants.list(user, app.id)
    expect(grant).toMatchObject({ requested: 'openid set:field', granted: 'openid Item:read Sales.Invoice:read', rejected: 'Item:write' })
    expect(JSON.parse(grant?.sets ?? '')).toEqual({ field: ['Item:read', 'Sales.Invoice:read'] })
    const again = await renew(provider, app, tokensOf(reply).refresh, { scope: 'openid set:field' })
    expect(again.json['scope']).toBe('openid Item:read Sales.Invoice:read')
  })

  it('counts when no scope is named, and lists a right that is named besides under its DocType', async () => {
    expect(boxesOf(await alice.authorize(request(app, { scope: '' })))).toEqual(['Item:read', 'Item:write', 'Sales.Invoice:read'])
    const page = await alice.authorize(request(app, { scope: 'set:field Item:write' }))
    const legends = [...page.text.matchAll(/<legend><bdi>([^<]*)/g)].map(([, legend]) => legend)
    expect(legends).toEqual(['Field &lt;work&gt;', 'Item'])
    expect(boxesOf(page)).toEqual(['Item:read', 'Sales.Invoice:read', 'Item:write'])
  })

  it('F14 is kept as it was at consent when an administrator changes it', async () => {
    const { refresh } = await connect(provider, alice, app, { scope: 'openid set:field' })
    await saveSets({ field: { title: 'Field', scopes: ['Sales.Invoice:read', 'Sales.Invoice:write'] } })
    const renewed = tokensOf(await renew(provider, app, refresh))
    expect(renewed.scope).toBe('openid Item:read Item:write Sales.Invoice:read')
    expect((await me(provider, renewed.access)).json['scopes']).toEqual(['openid', 'Item:read', 'Item:write', 'Sales.Invoice:read'])
    expect(boxesOf(await alice.authorize(request(app, { scope: 'openid set:field' })))).toEqual(['Sales.Invoice:write'])
  })

  it('D10 opens nothing any more when it is taken from the app', async () => {
    const { refresh } = await connect(provider, alice, app, { scope: 'openid set:field' })
    await allow(app.id, 'openid Sales.Invoice:read')
    expect((await renew(provider, app, refresh)).json['scope']).toBe('openid Sales.Invoice:read')
  })

  it('F07 lets an app ask for what it was granted and one more, by their own names', async () => {
    await connect(provider, alice, app, { scope: 'openid Item:read' })
    const page = await alice.authorize(request(app, { scope: 'openid Item:read Item:write' }))
    expect(boxesOf(page)).toEqual(['Item:write'])
    expect(page.text.replaceAll(/<[^>]+>/g, ' ')).toMatch(/You have already allowed it to:\s+Read Item/)
    expect((await swap(provider, app, (await alice.decide(page)).location?.searchParams.get('code') ?? '')).json['scope']).toBe(
      'openid Item:read Item:write',
    )
  })

  it('makes what it holds required or optional when the app says so of it', async () => {
    const own = await register(provider, { scopes: 'openid set:field', required_scopes: 'set:field' })
    expect(boxesOf(await alice.authorize(request(own, { scope: 'openid set:field' })))).toEqual([])
    const loose = await register(provider, { scopes: 'openid set:field', optional_scopes: 'set:field' })
    const page = await alice.authorize(request(loose, { scope: 'openid set:field' }))
    expect(readConsent(page)['scope']).toEqual(['openid', 'Item:read', 'Sales.Invoice:read'])
  })

  it.each([
    ['that the site has not', 'set:ghost'],
    ['that the app may not ask for', 'set:wide'],
    ['whose name is none', 'set:2'],
  ])('%s is refused as any scope is', async (_which, scope) => {
    await saveSets({ ...SETS, ghost: SETS.wide })
    const own = await register(provider, { scopes: 'openid set:field set:ghost' })
    await saveSets(SETS)
    const answer = await alice.authorize(request(own, { scope: `openid ${scope}` }))
    expectError(answer, 'invalid_scope')
    expect(answer.location?.searchParams.get('error_description')).toBe(`The app may not ask for ${scope}`)
  })

  it('together with others holds no more than a grant keeps', async () => {
    const rights = [
      'read',
      'write',
      'create',
      'delete',
      'submit',
      'cancel',
      'amend',
      'print',
      'email',
      'report',
      'import',
      'export',
      'share',
    ]
    const names = Array.from({ length: 8 }, (_, index) => `Long Name Of A Thing ${index}`)
    for (const name of names)
      if (!provider.doctypes.get(name))
        await provider.documents.insert(ADMINISTRATOR, 'DocType', [
          {
            name,
            module: 'Stock',
            custom: 1,
            fields: [{ fieldname: 'title', fieldtype: 'Data' }],
            permissions: [{ role: 'System Manager' }],
          },
        ])
    const scopes = (part: readonly string[]): string[] =>
      part.flatMap((name) => rights.map((right) => `${name.replaceAll(' ', '.')}:${right}`))
    await saveSets({ one: { title: 'One', scopes: scopes(names.slice(0, 4)) }, two: { title: 'Two', scopes: scopes(names.slice(4)) } })
    const own = await register(provider, { scopes: 'openid set:one set:two' })
    expectError(await alice.authorize(request(own, { scope: 'set:one set:two' })), 'invalid_scope')
    expect((await alice.authorize(request(own, { scope: 'set:one' }))).status).toBe(200)
  })
})

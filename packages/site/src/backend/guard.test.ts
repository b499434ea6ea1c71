import { FrappeError, notPermitted, parseFilters, type Filter } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { GUEST, type Principal } from '../policy/principal.ts'
import type { Backend } from './backend.ts'
import { ACTS, DOCTYPES, byToken, guarded, method } from './guard.fixture.ts'
import { Guard } from './guard.ts'
import type { Method } from './method.ts'
import type { Refusal } from './refusals.ts'

/** What reading Item lets a token do, in the order of the table. */
const READ = [
  'read Item',
  'list Item',
  'count Item',
  'search Item',
  'search Item by cost',
  'search Item telling cost',
  'define Item',
] as const

/** What reading everything adds, but for what is fenced. */
const READ_OTHERS = [
  'define User',
  'search DocType',
  'list Quote',
  'list Quote with a linked field',
  'list Quote ordered by a linked field',
  'list Quote with its lines',
  'list Quote Line',
] as const

describe('a token', () => {
  it.each([
    ['openid', ['call open']],
    ['Item:read', [...READ, 'call open']],
    ['Item:select', ['list Item', 'count Item', 'search Item', 'define Item', 'call open']],
    ['Item:create', ['insert Item', 'call open']],
    ['Item:delete', ['remove Item', 'call open']],
    ['Item:write', [...READ, 'update Item', 'rename Item', 'call open', 'call declared']],
    ['Item:submit', [...READ, 'submit Item', 'call open']],
    ['Item:create Item:amend', [...READ, 'insert Item', 'amend Item', 'call open']],
    ['Item:cancel', [...READ, 'cancel Item', 'call open']],
    ['Item:write Item:delete', [...READ, 'update Item', 'merge Item', 'rename Item', 'remove Item', 'call open', 'call declared']],
    ['Item:import', [...READ, 'insert Item', 'update Item', 'rename Item', 'call open', 'call declared']],
    ['Item:share', [...READ, 'call open']],
    ['Item:share Item:write', [...READ, 'update Item', 'rename Item', 'call open', 'call declared', 'call of Item']],
    ['Quote:create Quote:delete', ['call open']],
    [
      'Quote:write',
      [
        'list Quote',
        'list Quote with its lines',
        'list Quote Line',
        'insert Quote Line',
        'update Quote Line',
        'remove Quote Line',
        'call open',
      ],
    ],
    ['Item:create User:create', ['insert Item', 'insert Item and User', 'call open']],
    ['*:read', [...READ, ...READ_OTHERS, 'call open']],
    ['*:share', [...READ, ...READ_OTHERS, 'call open']],
    ['Quote:read', ['list Quote', 'list Quote with its lines', 'list Quote Line', 'call open']],
    ['method:site.*', ['call open', 'call undeclared', 'call declared', 'call of Item', 'call fenced']],
    ['User:read', ['read User', 'define User', 'list User with Item as parent', 'call open']],
  ])('with %s reaches what its scope covers and nothing else', async (scope, allowed) => {
    const { guard, reached } = guarded()
    const passed: string[] = []
    for (const [name, act] of Object.entries(ACTS)) {
      const before = reached.length
      await act(guard, byToken(scope)).then(
        () => passed.push(name),
        (error: unknown) => expect([error, reached.length]).toMatchObject([{ status: 403, excType: 'PermissionError' }, before]),
      )
    }
    expect(passed).toEqual(allowed)
  })

  it('with all reaches everything but what stands behind the fence', async () => {
    const { guard } = guarded()
    const refused: string[] = []
    for (const [name, act] of Object.entries(ACTS)) await act(guard, byToken('all')).catch(() => refused.push(name))
    expect(refused).toEqual([
      'insert Item and User',
      'read User',
      'update User',
      'list User with Item as parent',
      'call undeclared',
      'call of Item',
      'call fenced',
    ])
  })

  it('with all and the fence lifted reaches everything', async () => {
    const { guard } = guarded()
    for (const act of Object.values(ACTS)) await act(guard, byToken('all', { unfenced: true }))
  })

  it('does not cover a namesake that was made after the consent', async () => {
    const { guard } = guarded()
    await expect(ACTS['read Item']!(guard, byToken('Item:read', { ids: { Item: 'id of an older Item' } }))).rejects.toMatchObject({
      status: 403,
    })
  })

  it('opens nothing while a row filter names a DocType that is no more', async () => {
    const { guard } = guarded()
    const filters = parseFilters({ name: 'A' })
    const held = (...doctypes: string[]): Principal => {
      const who = byToken('*:read')
      return { ...who, token: { ...who.token!, rowFilters: new Map(doctypes.map((doctype) => [doctype, filters])) } }
    }
    await guard.read(held('Item'), { doctype: 'Item', name: 'A' })
    for (const gone of [['Article'], ['Item', 'Article']])
      await expect(guard.read(held(...gone), { doctype: 'Item', name: 'A' })).rejects.toMatchObject({ status: 403 })
  })

  it('needs the linked DocType’s scope as well to reach through a link', async () => {
    const { guard } = guarded()
    await guard.list(byToken('Quote:read Customer:read'), { doctype: 'Quote', fields: ['customer.credit_limit'] })
  })

  it.each(['__proto__', 'constructor', 'toString'])('takes %s for the name of a field and nothing else', async (fieldname) => {
    const { guard } = guarded()
    const who = byToken('Quote:read')
    const filters: readonly Filter[] = [{ fieldname, operator: '=', value: 1 }]
    await guard.list(who, { doctype: 'Quote', fields: [fieldname], groupBy: fieldname, filters })
    await guard.count(who, { doctype: 'Quote', filters })
  })

  it('needs it to search by a linked field, too', async () => {
    const { guard } = guarded()
    const search = (scope: string, right: unknown): Promise<unknown> =>
      guard.searchLink(byToken(scope), {
        doctype: 'Quote',
        text: '',
        limit: 10,
        filters: [{ fieldname: 'customer.credit_limit', operator: '>', value: right }],
      })
    await expect(search('Quote:read', 5)).rejects.toMatchObject({
      options: { headers: { 'www-authenticate': expect.stringContaining('scope="Customer:read"') as string } },
    })
    await search('Quote:read Customer:read', 5)
  })

  it.each<[string, Filter]>([
    ['behind a link', { fieldname: 'customer', operator: 'descendants of', value: 'X' }],
    ['behind a link of a link', { fieldname: 'customer.owner_user', operator: 'not ancestors of', value: 'X' }],
    ['behind a link in its rows', { doctype: 'Quote Line', fieldname: 'customer', operator: 'ancestors of', value: 'X' }],
    ['behind a link in a table', { fieldname: 'lines.customer', operator: 'descendants of (inclusive)', value: 'X' }],
  ])('needs the scope of a tree that a filter walks %s', async (_, filter) => {
    const { guard } = guarded()
    const user = filter.fieldname.endsWith('user')
    const [few, enough] = user
      ? ['Quote:read Customer:read', 'Quote:read Customer:read User:read']
      : ['Quote:read', 'Quote:read Customer:read']
    const request = { doctype: 'Quote', text: '', limit: 10 }
    for (const asked of [{ filters: [filter] }, { orFilters: [filter] }]) {
      await expect(guard.list(byToken(few), { ...request, ...asked })).rejects.toMatchObject({ status: 403 })
      await expect(guard.count(byToken(few), { ...request, ...asked })).rejects.toMatchObject({ status: 403 })
      await guard.list(byToken(enough), { ...request, ...asked })
    }
    await expect(guard.searchLink(byToken(few), { ...request, filters: [filter] })).rejects.toMatchObject({ status: 403 })
    await guard.searchLink(byToken(enough), { ...request, filters: [filter] })
  })

  it('needs more than the scope to see names to search by how a tree grows', async () => {
    const { guard } = guarded()
    const filters = parseFilters({ name: ['descendants of', 'X'] })
    const search = (scope: string): Promise<unknown> => guard.searchLink(byToken(scope), { doctype: 'Item', text: '', limit: 10, filters })
    await expect(search('Item:select')).rejects.toMatchObject({ status: 403 })
    await search('Item:read')
  })

  it('reads rows that several DocTypes share only when it covers all of them; their shape, when it covers one', async () => {
    const { guard } = guarded()
    const read = (scope: string): Promise<unknown> => guard.read(byToken(scope), { doctype: 'Remark', name: 'r1' })
    for (const scope of ['Note:read', 'User:read', 'all']) await expect(read(scope)).rejects.toMatchObject({ status: 403 })
    await read('Note:read User:read')
    await guard.list(byToken('Note:read'), { doctype: 'Remark', parent: 'Note' })
    await guard.doctype(byToken('Note:read'), 'Remark')
  })

  it.each(['Ж', 'a"b', 'a\r\nb', '€', 'x'.repeat(1500), '', 'at1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])(
    'that asks for the DocType %j is refused, and the trail does not repeat it',
    async (name) => {
      const { guard, refusals } = guarded()
      const error = await guard.list(byToken('Item:read'), { doctype: name }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ status: 403, excType: 'PermissionError' })
      const challenge = (error as FrappeError).options.headers?.['www-authenticate'] ?? ''
      expect(() => new Headers({ 'www-authenticate': challenge })).not.toThrow()
      expect(challenge.match(/"/g)?.length).toBe(name.startsWith('at1_') ? 8 : 6)
      expect(refusals).toMatchObject([{ scope: undefined, act: 'an unknown DocType' }])
    },
  )

  it('that is refused is told which scope would do, and the refusal is remembered', async () => {
    const { guard, refusals } = guarded()
    const refused = guard.update(byToken('Item:read'), { doctype: 'Item', name: 'A', values: {} })
    await expect(refused).rejects.toMatchObject({
      options: { headers: { 'www-authenticate': expect.stringContaining('scope="Item:write"') as string } },
    })
    expect(refusals).toMatchObject([{ scope: 'Item:write', act: 'update Item' }])
  })
})

describe('what is refused behind the guard', () => {
  const alice: Principal = { ...GUEST, user: 'alice@example.com' }
  /** Verbs that all end as one error does, and methods that call them. */
  function refusing(error: Error): { guard: Guard; refusals: Refusal[] } {
    const refusals: Refusal[] = []
    const verbs = new Proxy({} as Backend, { get: () => () => Promise.reject(error) })
    const read: Method['handler'] = ({ principal, backend }) => backend.read(principal, { doctype: 'Item', name: 'A' })
    const trying: Method['handler'] = (call) => read(call).catch(() => 'nothing')
    const guard = new Guard({
      backend: verbs,
      doctypeOf: (name) => DOCTYPES.get(name),
      parentsOf: () => [],
      methods: new Map([
        ['site.read', { ...method('site.read', 'verbs'), handler: read }],
        ['site.try', { ...method('site.try', 'verbs'), handler: trying }],
        ['site.refuse', { ...method('site.refuse', 'verbs'), handler: () => Promise.reject(error) }],
        ['site.signed', method('site.signed', 'verbs')],
      ]),
      onRefusal: (refusal) => Promise.resolve(void refusals.push(refusal)),
      resourceMetadata: () => 'http://site/.well-known/oauth-protected-resource',
    })
    return { guard, refusals }
  }
  const call = (guard: Guard, who: Principal, name: string): Promise<unknown> =>
    guard.call(who, { method: name, httpMethod: 'POST', args: {} })

  it.each(['read', 'list', 'count', 'search', 'insert', 'update', 'submit', 'cancel', 'rename', 'remove'])(
    'is remembered once, and told as it was: %s Item',
    async (verb) => {
      const error = notPermitted('No')
      const { guard, refusals } = refusing(error)
      await expect(ACTS[`${verb} Item`]!(guard, alice)).rejects.toBe(error)
      const act = `${{ count: 'list', insert: 'create' }[verb] ?? verb} Item`
      expect(refusals).toEqual([{ principal: alice, lacking: 'permission', scope: undefined, act }])
    },
  )

  it.each([
    ['site.read', 'read Item'],
    ['site.try', 'read Item'],
    ['site.refuse', 'site.refuse'],
  ])('by a method is remembered once: %s', async (name, act) => {
    const { guard, refusals } = refusing(notPermitted('No'))
    await call(guard, alice, name).catch(() => undefined)
    expect(refusals).toMatchObject([{ lacking: 'permission', act }])
  })

  it('of a DocType or method that is not here is remembered without its name', async () => {
    const { guard, refusals } = refusing(notPermitted('No'))
    await expect(guard.read(alice, { doctype: 'at1_secret', name: 'A' })).rejects.toThrow('No')
    await expect(call(guard, { ...GUEST }, 'site.signed')).rejects.toThrow('Sign in first')
    expect(refusals).toMatchObject([{ act: 'an unknown DocType' }])
  })

  it('of a guest, or for another reason, is not remembered', async () => {
    const invalid = refusing(new FrappeError('ValidationError', 'No'))
    await expect(ACTS['insert Item']!(invalid.guard, alice)).rejects.toThrow('No')
    const refused = refusing(notPermitted('No'))
    await expect(ACTS['read Item']!(refused.guard, GUEST)).rejects.toThrow('No')
    expect([invalid.refusals, refused.refusals]).toEqual([[], []])
  })
})

it('A session has no scopes: the guard lets it pass', async () => {
  const { guard, refusals } = guarded()
  for (const act of Object.values(ACTS)) await act(guard, { ...GUEST, user: 'alice@example.com' })
  expect(refusals).toEqual([])
})

it('A guest calls what is open to guests alone', async () => {
  const { guard } = guarded()
  await expect(ACTS['call open']!(guard, GUEST)).rejects.toMatchObject({ status: 403 })
})

import { parseFilters, type Document, type FrappeError } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { GUEST, type Principal } from '../policy/principal.ts'
import { byToken, guarded, method } from './guard.fixture.ts'
import type { Method } from './method.ts'

const alice: Principal = { ...GUEST, user: 'alice@example.com' }
const lacks = (scope: string): object => ({
  status: 403,
  options: { headers: { 'www-authenticate': expect.stringContaining(`scope="${scope}"`) as string } },
})

it('A refusal says which scope would do, where to ask for it, and what is not covered', async () => {
  const { guard } = guarded()
  const error = (await guard.read(byToken('openid'), { doctype: 'Item', name: 'A' }).catch((thrown: unknown) => thrown)) as FrappeError
  expect(error.message).toBe('This app was not granted Item:read; ask the user for it')
  expect(error.options).toEqual({
    errorMessage: true,
    headers: {
      'www-authenticate':
        'Bearer error="insufficient_scope", error_description="This token does not cover it", scope="Item:read", resource_metadata="http://site/.well-known/oauth-protected-resource"',
    },
  })
  const unknown = (await guard.read(byToken('openid'), { doctype: 'a"b', name: 'A' }).catch((thrown: unknown) => thrown)) as FrappeError
  expect(unknown.message).toBe('This app was not granted this; ask the user for it')
  expect(unknown.options.headers?.['www-authenticate']).toBe(
    'Bearer error="insufficient_scope", error_description="This token does not cover it", resource_metadata="http://site/.well-known/oauth-protected-resource"',
  )
})

describe('a document that the token opens by itself', () => {
  const OWN = { name: 'T', doctype: 'Item' } as unknown as Document
  const asked: unknown[] = []
  const ownDocument = (principal: Principal, id: { readonly name: string }): Promise<Document | undefined> => {
    asked.push([principal.user, id.name])
    return Promise.resolve(id.name === 'T' ? OWN : undefined)
  }
  it('is read without a scope, and no other is', async () => {
    const { guard, reached } = guarded({}, { ownDocument })
    expect(await guard.read(byToken('openid'), { doctype: 'Item', name: 'T' })).toBe(OWN)
    await expect(guard.read(byToken('openid'), { doctype: 'Item', name: 'A' })).rejects.toMatchObject(lacks('Item:read'))
    await guard.read(alice, { doctype: 'Item', name: 'T' })
    expect([asked.length, reached]).toEqual([2, ['read']])
  })
})

describe('a list', () => {
  it.each([
    ['_comments', 'Comment:read'],
    ['_assign', 'ToDo:read'],
  ])('that tells what other documents say takes their scope: %s', async (fieldname, scope) => {
    const { guard } = guarded()
    const list = (scopes: string): Promise<unknown> => guard.list(byToken(scopes), { doctype: 'Item', fields: ['name', fieldname] })
    await expect(list('Item:read')).rejects.toMatchObject(lacks(scope))
    await list(`Item:read ${scope}`)
    await guard.list(byToken('Item:read'), { doctype: 'Item', fields: ['*', 'comments'] })
  })

  it.each([
    ['its fields', { fields: ['customer.credit_limit'] }],
    ['its order', { orderBy: 'customer.credit_limit desc' }],
    ['its groups', { groupBy: 'customer.credit_limit' }],
    ['its filters', { filters: [{ fieldname: 'customer.credit_limit', operator: '=' as const, value: 1 }] }],
    ['its alternatives', { orFilters: [{ fieldname: 'customer.credit_limit', operator: '=' as const, value: 1 }] }],
  ])('that reaches through a link takes the scope of what is linked to: by %s', async (_, asked) => {
    const { guard, reached, refusals } = guarded()
    await expect(guard.list(byToken('Quote:read'), { doctype: 'Quote', ...asked })).rejects.toMatchObject(lacks('Customer:read'))
    expect([reached, refusals]).toMatchObject([[], [{ act: 'list Customer' }]])
    await guard.list(byToken('Quote:read Customer:read'), { doctype: 'Quote', ...asked })
  })

  it.each([
    ['of all', {}],
    [
      'by what a link field shows',
      { filters: parseFilters({ name: 'A', title: ['like', '%a%'] }), orFilters: parseFilters({ item_name: 'B' }) },
    ],
    ['grouped by it', { groupBy: 'item_name' }],
    ['of more fields than are shown', { fields: ['name', 'cost'] }],
  ])('needs no scope to read, and is one of names: %s', async (_, asked) => {
    const { guard, reached } = guarded()
    await guard.list(byToken('Item:select'), { doctype: 'Item', ...asked })
    await guard.count(byToken('Item:select'), { doctype: 'Item', ...asked })
    expect(reached).toEqual(['list', 'count'])
  })

  it.each([
    ['its filters', { filters: parseFilters({ cost: 1 }) }],
    ['its alternatives', { orFilters: parseFilters([['cost', '>', 1]]) }],
    ['its groups', { groupBy: 'cost' }],
    ['a switch', { filters: parseFilters({ disabled: 0 }) }],
    ['a tree', { filters: parseFilters([['name', 'descendants of', 'A']]) }],
  ])('that asks by more than a link field shows takes the scope to read: by %s', async (_, asked) => {
    const { guard, reached } = guarded()
    await expect(guard.list(byToken('Item:select'), { doctype: 'Item', ...asked })).rejects.toMatchObject(lacks('Item:read'))
    await expect(guard.count(byToken('Item:select'), { doctype: 'Item', ...asked })).rejects.toMatchObject(lacks('Item:read'))
    await guard.list(byToken('Item:read'), { doctype: 'Item', ...asked })
    expect(reached).toEqual(['list'])
  })

  it('of rows takes the scope to read their documents', async () => {
    const { guard } = guarded()
    const rows = guard.list(byToken('Note:select'), { doctype: 'Remark', parent: 'Note' })
    await expect(rows).rejects.toMatchObject(lacks('Note:read'))
  })

  it('that compares a link with a name takes no scope of what is linked to', async () => {
    const { guard } = guarded()
    const filters = [{ fieldname: 'customer', operator: '=' as const, value: 'X' }]
    await guard.list(byToken('Quote:read'), { doctype: 'Quote', filters, fields: ['customer'] })
    await guard.count(byToken('Quote:read'), { doctype: 'Quote', filters })
  })

  it.each([
    ['*:read', 'a DocType that is not here', { doctype: 'Unheard of', fields: ['customer.credit_limit'] }],
    ['*:read', 'a DocType that is not here, with a parent', { doctype: 'Unheard of', parent: 'Quote' }],
    ['Quote:read', 'a link that is not there', { doctype: 'Quote', fields: ['nowhere.credit_limit'] }],
    [
      'Quote:read',
      'a tree behind it',
      { doctype: 'Quote', filters: [{ fieldname: 'nowhere.x', operator: 'descendants of' as const, value: 'X' }] },
    ],
  ])('with %s of %s is for the verbs behind to judge', async (scopes, _, request) => {
    const { guard, reached } = guarded()
    await guard.list(byToken(scopes), request)
    expect(reached).toEqual(['list'])
    await expect(guard.list(byToken('Item:read'), request)).rejects.toMatchObject({ status: 403 })
  })

  it('of rows is judged by the parent that is named, if it has such rows, and else by all that have', async () => {
    const { guard } = guarded()
    const list = (scopes: string, parent?: string): Promise<unknown> =>
      guard.list(byToken(scopes), { doctype: 'Remark', ...(parent === undefined ? {} : { parent }) })
    await list('Note:read', 'Note')
    await list('Note:read User:read')
    await expect(list('Note:read')).rejects.toMatchObject(lacks('User:read'))
    await expect(list('User:read')).rejects.toMatchObject(lacks('Note:read'))
    await expect(list('Item:read', 'Item')).rejects.toMatchObject(lacks('Note:read'))
    await expect(list('Item:read User:read', 'Item')).rejects.toMatchObject(lacks('Note:read'))
  })

  it('of documents is judged by no parent, even where a table field names their DocType', async () => {
    const { guard } = guarded({}, { parentsOf: () => ['Item'] })
    await expect(guard.list(byToken('Item:read'), { doctype: 'User', parent: 'Item' })).rejects.toMatchObject(lacks('User:read'))
  })

  it('of a table that nobody has is judged by itself', async () => {
    const { guard } = guarded({}, { parentsOf: () => [] })
    await guard.list(byToken('Remark:read'), { doctype: 'Remark' })
    await expect(guard.list(byToken('Note:read'), { doctype: 'Remark' })).rejects.toMatchObject(lacks('Remark:read'))
  })
})

describe('the shape of a child table', () => {
  it('is shown to whoever reaches one DocType that has it, and not to others', async () => {
    const { guard } = guarded()
    await guard.doctype(byToken('User:read'), 'Remark')
    await expect(guard.doctype(byToken('Item:read'), 'Remark')).rejects.toMatchObject(lacks('Note:select'))
  })
})

describe('a search', () => {
  it.each(['name', 'title', 'item_name'])('by what a link field shows needs no scope to read: %s', async (fieldname) => {
    const { guard } = guarded()
    const request = { doctype: 'Item', text: '', limit: 1 }
    const filters = [{ fieldname, operator: '=' as const, value: 1 }]
    await guard.searchLink(byToken('Item:select'), { ...request, filters, searchField: fieldname })
  })

  it('for what is switched on, as a search is by itself, needs no scope to read; for what is switched off it does', async () => {
    const { guard } = guarded()
    const search = (filters: Readonly<Record<string, unknown>>): Promise<unknown> =>
      guard.searchLink(byToken('Item:select'), { doctype: 'Item', text: '', limit: 1, filters: parseFilters(filters) })
    await search({ enabled: 1, disabled: '0' })
    for (const filters of [{ enabled: 0 }, { disabled: 1 }, { disabled: ['!=', 0] }])
      await expect(search(filters)).rejects.toMatchObject(lacks('Item:read'))
  })

  it('behind a link takes the scope to read there, and none more here', async () => {
    const { guard, refusals } = guarded()
    const filters = [{ fieldname: 'customer.credit_limit', operator: '=' as const, value: 1 }]
    const search = (scopes: string): Promise<unknown> =>
      guard.searchLink(byToken(scopes), { doctype: 'Quote', text: '', limit: 1, filters })
    await expect(search('Quote:select')).rejects.toMatchObject(lacks('Customer:read'))
    expect(refusals).toMatchObject([{ act: 'search Customer' }])
    await search('Quote:select Customer:read')
  })

  it('of a DocType that is not here is judged by its name alone', async () => {
    const { guard, refusals } = guarded()
    const request = { doctype: 'Unheard of', text: '', limit: 1 }
    const filters = [{ fieldname: 'cost', operator: '=' as const, value: 1 }]
    await guard.searchLink(byToken('*:select'), request)
    await expect(guard.searchLink(byToken('*:select'), { ...request, filters })).rejects.toMatchObject({ status: 403 })
    expect(refusals).toMatchObject([{ act: 'an unknown DocType', scope: undefined }])
  })

  it('for a DocType goes through the fence, and no other search does', async () => {
    const { guard } = guarded()
    await guard.searchLink(byToken('*:select'), { doctype: 'DocType', text: '', limit: 1 })
    await expect(guard.searchLink(byToken('*:select'), { doctype: 'User', text: '', limit: 1 })).rejects.toMatchObject(lacks('User:select'))
  })
})

describe('a method', () => {
  const METHODS = new Map(
    [
      method('site.open', 'open'),
      method('site.verbs', 'verbs'),
      method('site.closed', 'undeclared'),
      method('site.mine', (args, principal) => [
        { doctype: String(args['doctype']), right: principal.user === 'alice@example.com' ? 'read' : 'write' },
      ]),
      method('site.asks', () => 'undeclared'),
      { ...method('site.of_item', 'verbs'), documentsOf: 'Item' },
    ].map((known): [string, Method] => [known.name, known]),
  )
  const setUp = (): ReturnType<typeof guarded> & {
    call: (scopes: string, name: string, httpMethod?: string, unfenced?: boolean) => Promise<unknown>
  } => {
    const made = guarded({}, { methods: METHODS })
    const call = (scopes: string, name: string, httpMethod = 'GET', unfenced = false): Promise<unknown> =>
      made.guard.call(byToken(scopes, { unfenced }), { method: `site.${name}`, httpMethod, args: { doctype: 'Item' } })
    return { ...made, call }
  }

  it('of documents takes the scope to read them by GET, and to write them by anything else, whatever opens the method', async () => {
    const { call } = setUp()
    await expect(call('method:site.of_item', 'of_item')).rejects.toMatchObject(lacks('Item:read'))
    await expect(call('method:site.of_item Item:read', 'of_item', 'POST')).rejects.toMatchObject(lacks('Item:write'))
    expect([await call('Item:read', 'of_item'), await call('Item:write', 'of_item', 'POST')]).toEqual(['done', 'done'])
  })

  it('that says what it uses is judged by that, for each call and caller', async () => {
    const { call } = setUp()
    await expect(call('openid', 'mine')).rejects.toMatchObject(lacks('Item:read'))
    expect(await call('Item:read', 'mine')).toBe('done')
  })

  it.each(['closed', 'asks'])('that does not say what it uses takes its own scope, or all without the fence: %s', async (name) => {
    const { call, refusals } = setUp()
    for (const [scopes, unfenced] of [
      ['all', false],
      ['*:read', true],
      ['openid', true],
    ] as const)
      await expect(call(scopes, name, 'GET', unfenced)).rejects.toMatchObject(lacks(`method:site.${name}`))
    expect(refusals[0]).toMatchObject({ scope: `method:site.${name}`, act: `site.${name}`, lacking: 'scope' })
    expect([await call(`method:site.${name}`, name), await call('all', name, 'GET', true)]).toEqual(['done', 'done'])
  })

  it('that is not here is refused to no token for want of a scope', async () => {
    await expect(setUp().call('openid', 'nowhere')).rejects.toMatchObject({ excType: 'DoesNotExistError' })
  })

  it('needs no scope without a token', async () => {
    const { guard } = setUp()
    for (const name of ['closed', 'asks', 'of_item', 'mine'])
      expect(await guard.call(alice, { method: `site.${name}`, httpMethod: 'POST', args: {} })).toBe('done')
  })
})

describe('what is counted', () => {
  it('is each right that a token opened, by names that this site has', async () => {
    const used: string[] = []
    const methods = new Map([method('site.closed', 'undeclared')].map((known): [string, Method] => [known.name, known]))
    const { guard } = guarded({}, { methods, onUse: (token, doctype, right) => void used.push(`${token.hash} ${doctype} ${right}`) })
    await guard.read(byToken('Item:read'), { doctype: 'Item', name: 'A' })
    await guard.list(byToken('*:read'), { doctype: 'at1_secret' })
    await guard.list(byToken('Quote:read'), { doctype: 'Quote Line' })
    await guard.call(byToken('method:site.closed'), { method: 'site.closed', httpMethod: 'GET', args: {} })
    await guard.call(byToken('all', { unfenced: true }), { method: 'site.closed', httpMethod: 'GET', args: {} })
    await guard.read(byToken('openid'), { doctype: 'Item', name: 'A' }).catch(() => undefined)
    await guard.read(alice, { doctype: 'Item', name: 'A' })
    expect(used).toEqual([
      'hash Item read',
      'hash  read',
      'hash Quote Line read',
      'hash method:site.closed call',
      'hash method:site.closed call',
    ])
  })
})

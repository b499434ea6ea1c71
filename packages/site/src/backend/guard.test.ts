import { ScopeSet, parseFilters, type DocField, type DocType, type Filter, type FrappeError, type Right } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { GUEST, type Principal } from '../policy/principal.ts'
import type { Backend } from './backend.ts'
import { Guard, type Refusal } from './guard.ts'
import type { Method } from './method.ts'

const doctype = (name: string, fields: Partial<DocField>[] = [], istable = false): DocType =>
  ({ id: `id of ${name}`, name, istable, fields, title_field: '', search_fields: ['item_name'] }) as unknown as DocType
const DOCTYPES = new Map(
  [
    doctype('Item'),
    doctype('User'),
    doctype('DocType'),
    doctype('Customer', [{ fieldname: 'owner_user', fieldtype: 'Link', options: 'User' }]),
    doctype('Quote', [
      { fieldname: 'customer', fieldtype: 'Link', options: 'Customer' },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Quote Line' },
    ]),
    doctype('Quote Line', [{ fieldname: 'customer', fieldtype: 'Link', options: 'Customer' }], true),
    doctype('Note', [{ fieldname: 'remarks', fieldtype: 'Table', options: 'Remark' }]),
    doctype('Remark', [], true),
  ].map((known) => [known.name, known]),
)
const method = (name: string, rights: Method['rights']): Method => ({
  name,
  rights,
  guest: false,
  httpMethods: ['GET', 'POST'],
  handler: () => Promise.resolve('done'),
})
const METHODS = new Map(
  [
    method('open', 'open'),
    method('site.undeclared', 'undeclared'),
    method('site.declared', [{ doctype: 'Item', right: 'write' }]),
    method('site.fenced', [{ doctype: 'User', right: 'write' }]),
    method('site.share', (args) => ['share', 'write'].map((right) => ({ doctype: String(args['doctype']), right: right as Right }))),
  ].map((known) => [known.name, known]),
)

function guarded(): { guard: Guard; refusals: Refusal[]; reached: string[] } {
  const refusals: Refusal[] = []
  const reached: string[] = []
  const backend = new Proxy({} as Backend, {
    get: (_, verb) => (): Promise<unknown> => {
      reached.push(String(verb))
      return Promise.resolve([])
    },
  })
  const guard = new Guard({
    backend,
    doctypeOf: (name) => DOCTYPES.get(name),
    parentsOf: (child) => ({ 'Quote Line': ['Quote'], Remark: ['Note', 'User'] })[child] ?? [],
    methods: METHODS,
    onRefusal: (refusal) => Promise.resolve(void refusals.push(refusal)),
    resourceMetadata: () => 'http://site/.well-known/oauth-protected-resource',
  })
  return { guard, refusals, reached }
}

const byToken = (scope: string, more: { unfenced?: boolean; ids?: Record<string, string> } = {}): Principal => ({
  ...GUEST,
  user: 'alice@example.com',
  token: {
    hash: 'hash',
    grant: 'grant',
    client: 'client',
    scopes: new ScopeSet(scope.split(' ')),
    unfenced: more.unfenced === true,
    doctypeIds: more.ids ?? Object.fromEntries([...DOCTYPES.keys()].map((name) => [name, `id of ${name}`])),
  },
})

type Act = (guard: Guard, principal: Principal) => Promise<unknown>
const ACTS: Readonly<Record<string, Act>> = {
  'read Item': (guard, who) => guard.read(who, { doctype: 'Item', name: 'A' }),
  'list Item': (guard, who) => guard.list(who, { doctype: 'Item' }),
  'count Item': (guard, who) => guard.count(who, { doctype: 'Item' }),
  'search Item': (guard, who) =>
    guard.searchLink(who, { doctype: 'Item', text: '', limit: 10, filters: parseFilters({ item_name: 'Bolt', disabled: 0 }) }),
  'search Item by cost': (guard, who) =>
    guard.searchLink(who, { doctype: 'Item', text: '', limit: 10, filters: parseFilters({ cost: ['>', 5] }) }),
  'search Item telling cost': (guard, who) => guard.searchLink(who, { doctype: 'Item', text: '', limit: 10, searchField: 'cost' }),
  'define Item': (guard, who) => guard.doctype(who, 'Item'),
  'insert Item': (guard, who) => guard.insert(who, 'Item', [{}]),
  'insert submitted Item': (guard, who) => guard.insert(who, 'Item', [{ docstatus: 1 }]),
  'update Item': (guard, who) => guard.update(who, { doctype: 'Item', name: 'A', values: {} }),
  'submit Item by update': (guard, who) => guard.update(who, { doctype: 'Item', name: 'A', values: { docstatus: '1' } }),
  'submit Item': (guard, who) => guard.setDocstatus(who, { doctype: 'Item', name: 'A' }, 1),
  'cancel Item': (guard, who) => guard.setDocstatus(who, { doctype: 'Item', name: 'A' }, 2),
  'amend Item': (guard, who) => guard.insert(who, 'Item', [{ amended_from: 'A' }]),
  'insert Item and User': (guard, who) => guard.insert(who, ['Item', 'User'], [{}, {}]),
  'merge Item': (guard, who) => guard.rename(who, { doctype: 'Item', name: 'A' }, 'B', { merge: true }),
  'rename Item': (guard, who) => guard.rename(who, { doctype: 'Item', name: 'A' }, 'B'),
  'remove Item': (guard, who) => guard.remove(who, { doctype: 'Item', name: 'A' }),
  'read User': (guard, who) => guard.read(who, { doctype: 'User', name: 'bob@example.com' }),
  'update User': (guard, who) => guard.update(who, { doctype: 'User', name: 'bob@example.com', values: { new_password: 'x' } }),
  'define User': (guard, who) => guard.doctype(who, 'User'),
  'search DocType': (guard, who) => guard.searchLink(who, { doctype: 'DocType', text: '', limit: 10 }),
  'list Quote': (guard, who) => guard.list(who, { doctype: 'Quote' }),
  'list Quote with a linked field': (guard, who) => guard.list(who, { doctype: 'Quote', fields: ['customer.credit_limit'] }),
  'list Quote ordered by a linked field': (guard, who) => guard.list(who, { doctype: 'Quote', orderBy: 'customer.credit_limit' }),
  'list Quote with its lines': (guard, who) => guard.list(who, { doctype: 'Quote', fields: ['lines.item'] }),
  'list Quote Line': (guard, who) => guard.list(who, { doctype: 'Quote Line', parent: 'Quote' }),
  'insert Quote Line': (guard, who) => guard.insert(who, 'Quote Line', [{ parent: 'Q', parenttype: 'Quote', parentfield: 'lines' }]),
  'update Quote Line': (guard, who) => guard.update(who, { doctype: 'Quote Line', name: 'L', values: {} }),
  'remove Quote Line': (guard, who) => guard.remove(who, { doctype: 'Quote Line', name: 'L' }),
  'list User with Item as parent': (guard, who) => guard.list(who, { doctype: 'User', parent: 'Item' }),
  'call open': (guard, who) => guard.call(who, { method: 'open', httpMethod: 'GET', args: {} }),
  'call undeclared': (guard, who) => guard.call(who, { method: 'site.undeclared', httpMethod: 'GET', args: {} }),
  'call declared': (guard, who) => guard.call(who, { method: 'site.declared', httpMethod: 'GET', args: {} }),
  'call of Item': (guard, who) => guard.call(who, { method: 'site.share', httpMethod: 'GET', args: { doctype: 'Item' } }),
  'call fenced': (guard, who) => guard.call(who, { method: 'site.fenced', httpMethod: 'GET', args: {} }),
}

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
    [
      'Item:read',
      [
        'read Item',
        'list Item',
        'count Item',
        'search Item',
        'search Item by cost',
        'search Item telling cost',
        'define Item',
        'call open',
      ],
    ],
    ['Item:select', ['search Item', 'define Item', 'call open']],
    ['Item:create', ['insert Item', 'call open']],
    ['Item:delete', ['remove Item', 'call open']],
    [
      'Item:write',
      [
        'read Item',
        'list Item',
        'count Item',
        'search Item',
        'search Item by cost',
        'search Item telling cost',
        'define Item',
        'update Item',
        'rename Item',
        'call open',
        'call declared',
      ],
    ],
    [
      'Item:submit',
      [
        'read Item',
        'list Item',
        'count Item',
        'search Item',
        'search Item by cost',
        'search Item telling cost',
        'define Item',
        'submit Item',
        'call open',
      ],
    ],
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

it('A session has no scopes: the guard lets it pass', async () => {
  const { guard, refusals } = guarded()
  for (const act of Object.values(ACTS)) await act(guard, { ...GUEST, user: 'alice@example.com' })
  expect(refusals).toEqual([])
})

it('A guest calls what is open to guests alone', async () => {
  const { guard } = guarded()
  await expect(ACTS['call open']!(guard, GUEST)).rejects.toMatchObject({ status: 403 })
})

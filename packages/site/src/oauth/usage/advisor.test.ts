import { describe, expect, it } from 'vitest'
import { advise, scopesAfter, type AppFacts, type UsedRight } from './advisor.ts'

const DAY = 86_400_000_000
const NOW = 1000 * DAY
const used = (...texts: string[]): UsedRight[] =>
  texts.map((text) => {
    const at = text.lastIndexOf(':')
    return { what: text.slice(0, at).replaceAll('.', ' '), right: text.slice(at + 1) }
  })
const facts = (values: Partial<AppFacts> & { granted?: ReadonlyMap<string, number> } = {}): AppFacts => ({
  allowed: [],
  redirectUris: ['https://app.example.com/cb'],
  granted: new Map((values.allowed ?? []).map((scope) => [scope, 0])),
  used: [],
  secrets: [],
  secretNetworks: 0,
  powerless: [],
  now: NOW,
  secretAgeDays: 365,
  unusedRightDays: 90,
  ...values,
})
/** What is advised of rights, and what would stay. */
const rights = (values: Partial<AppFacts>): Record<string, string> =>
  Object.fromEntries(
    advise(facts(values)).map((each) => ('scope' in each ? [each.scope, `${each.kind}: ${each.instead.join(' ')}`.trim()] : ['', ''])),
  )

describe('the advisor', () => {
  it.each([
    ['nothing of a right that is used', ['Item:read'], used('Item:read'), {}],
    ['that a right is never used', ['Item:read', 'Item:write'], used('Item:read'), { 'Item:write': 'unused:' }],
    ['nothing of a right that another includes and that is used itself', ['Item:read', 'Item:write'], used('Item:read', 'Item:write'), {}],
    ['nothing of a right by which a weaker one is used', ['Item:read'], used('Item:select'), {}],
    [
      'that all is more than was used',
      ['all', 'openid'],
      used('Item:read', 'Sales.Invoice:create'),
      { all: 'wide: Item:read Sales.Invoice:create' },
    ],
    ['that all is needless beside what was used', ['all', 'Item:read'], used('Item:read'), { all: 'unused:' }],
    ['that all is never used', ['all'], [], { all: 'unused:' }],
    ['only the widest of what was used', ['all'], used('Item:select', 'Item:read', 'Item:write'), { all: 'wide: Item:write' }],
    ['that every DocType is more than one', ['*:read'], used('Item:read'), { '*:read': 'wide: Item:read' }],
    ['that every right is more than one', ['Item:*'], used('Item:read', 'Item:create'), { 'Item:*': 'wide: Item:read Item:create' }],
    ['that a method is never called', ['method:a.b', 'Item:read'], used('Item:read'), { 'method:a.b': 'unused:' }],
    ['that methods are more than one', ['method:a.*'], [{ what: 'method:a.b', right: 'call' }], { 'method:a.*': 'wide: method:a.b' }],
    ['nothing of a method that is called', ['method:a.b'], [{ what: 'method:a.b', right: 'call' }], {}],
    ['nothing of all when some of its use has no scope', ['all'], [{ what: '', right: 'read' }], {}],
    ['nothing of identity and sets', ['openid', 'set:sales'], [], {}],
    ['nothing of what is no scope', ['nonsense'], [], {}],
    ['that a right is needless whose like is used on another DocType', ['Item:read'], used('Customer:read'), { 'Item:read': 'unused:' }],
    ['that a right is needless beside one that includes it', ['Item:read', 'Item:write'], used('Item:write'), { 'Item:read': 'unused:' }],
    [
      'nothing of every right on a DocType when some of its use has no scope',
      ['Item:*', 'all'],
      [
        { what: 'Item', right: 'read' },
        { what: '', right: 'read' },
      ],
      { 'Item:*': 'unused:' },
    ],
    ['that every right is needless when what was done is none', ['Item:*'], [{ what: 'Item', right: 'paint' }], { 'Item:*': 'unused:' }],
    ['that every right is needless when another DocType alone was used', ['Item:*'], used('Customer:read'), { 'Item:*': 'unused:' }],
    ['that every DocType is needless when another right alone was used', ['*:write'], used('Item:create'), { '*:write': 'unused:' }],
    [
      'nothing of a method beside a pattern of it that was not needed',
      ['method:a.b', 'method:a.*'],
      [{ what: 'method:a.b', right: 'call' }],
      { 'method:a.*': 'unused:' },
    ],
    ['nothing of all when a method was called that no scope can name', ['all'], [{ what: 'method: b', right: 'call' }], {}],
    ['nothing of methods when what was called is the pattern itself', ['method:a.*'], [{ what: 'method:a.*', right: 'call' }], {}],
    [
      'that of two patterns, each of which would do, one is needless',
      ['Item:*', '*:read'],
      used('Item:read'),
      { '*:read': 'unused:', 'Item:*': 'wide: Item:read' },
    ],
    ['nothing of all when some of its use has no scope and some has', ['all'], [{ what: '', right: 'read' }, ...used('Item:read')], {}],
    ['nothing of all when a DocType was used that no scope can name', ['all'], [{ what: 'Größe', right: 'read' }], {}],
    [
      'that a method is more than a right',
      ['all'],
      [{ what: 'method:a.b', right: 'call' }, ...used('Item:read')],
      { all: 'wide: method:a.b Item:read' },
    ],
  ])('says %s', (_what, allowed, uses, expected) => {
    expect(rights({ allowed, used: uses })).toEqual(expected)
  })

  it('judges wide rights first, then by what they include', () => {
    const allowed = ['Item:select', 'Item:read', 'Item:*', 'Item:write', 'Item:import', '*:select', 'all', '*:write', '*:read', '*:import']
    const said = advise(facts({ allowed })).map((each) => ('scope' in each ? each.scope : ''))
    expect(said).toEqual([
      'all',
      '*:import',
      '*:write',
      '*:read',
      '*:select',
      'Item:*',
      'Item:import',
      'Item:write',
      'Item:read',
      'Item:select',
    ])
  })

  it.each<[entry: string, granted: string, isJudged: boolean]>([
    ['Item:*', 'Item:write', true],
    ['Item:*', 'Customer:write', false],
    ['*:read', 'Item:read', true],
    ['*:read', 'Item:write', false],
    ['Item:read', 'Item:write', false],
    ['Item:read', 'Customer:read', false],
    ['all', 'Item:read', false],
    ['all', 'all', true],
    ['Item:*', 'openid', false],
    ['method:a.*', 'method:a.b', false],
    ['method:*', 'method:*', true],
  ])('judges %s when %s was granted long ago: %s', (entry, granted, isJudged) => {
    expect(rights({ allowed: [entry], granted: new Map([[granted, 0]]) })).toEqual(isJudged ? { [entry]: 'unused:' } : {})
  })

  it('says nothing of a pattern, perhaps of today, beside the entry by which the right was granted', () => {
    const values = { allowed: ['Item:*', 'Item:read'], granted: new Map([['Item:read', 0]]) }
    expect(rights({ ...values, used: used('Item:read') })).toEqual({})
    const beyond = new Map([...values.granted, ['Item:write', 0] as const])
    expect(rights({ ...values, granted: beyond, used: used('Item:read') })).toEqual({ 'Item:*': 'unused:' })
  })

  it('names twenty rights in the place of a wide one, and never more', () => {
    const many = (count: number): UsedRight[] => Array.from({ length: count }, (_, number) => ({ what: `Type ${number}`, right: 'read' }))
    const [twenty] = advise(facts({ allowed: ['all'], used: many(20) }))
    expect(twenty).toMatchObject({ kind: 'wide', scope: 'all' })
    expect(twenty && 'instead' in twenty && twenty.instead).toHaveLength(20)
    expect(advise(facts({ allowed: ['all'], used: many(21) }))).toEqual([])
  })

  it('waits until a right was granted long enough', () => {
    const granted = new Map([['Item:write', NOW - 89 * DAY]])
    expect(rights({ allowed: ['Item:write'], granted })).toEqual({})
    expect(rights({ allowed: ['Item:write'], granted: new Map([['Item:write', NOW - 90 * DAY]]) })).toEqual({ 'Item:write': 'unused:' })
    expect(rights({ allowed: ['Item:write'], granted: new Map() })).toEqual({})
    expect(rights({ allowed: ['Item:write'], unusedRightDays: 0 })).toEqual({})
  })

  it('judges a pattern by what of it was granted', () => {
    const granted = new Map([['Item:write', 0]])
    expect(rights({ allowed: ['Item:*'], granted })).toEqual({ 'Item:*': 'unused:' })
  })

  it('knows what stays when the advice is taken', () => {
    const app = facts({ allowed: ['openid', 'all', 'Item:read', 'Item:write'], used: used('Item:read', 'Customer:read') })
    expect(scopesAfter(app, 'all')).toEqual(['openid', 'Customer:read', 'Item:read', 'Item:write'])
    expect(scopesAfter(app, 'Item:write')).toEqual(['openid', 'all', 'Item:read'])
    expect(scopesAfter(app, 'openid')).toBeUndefined()
    expect(scopesAfter(facts({ allowed: ['Item:write', 'openid', 'openid'] }), 'Item:write')).toEqual(['openid'])
    expect(scopesAfter(facts({ allowed: ['all'] }), 'all')).toEqual([])
  })

  it('names secrets that are old or used from many places', () => {
    const secrets = [
      { id: 'old', created: NOW - 400 * DAY },
      { id: 'new', created: NOW - 300 * DAY },
    ]
    expect(advise(facts({ secrets, secretNetworks: 6 }))).toEqual([
      { kind: 'old secret', secret: 'old', days: 400 },
      { kind: 'spread secret', networks: 6 },
    ])
    expect(advise(facts({ secrets, secretNetworks: 5, secretAgeDays: 0 }))).toEqual([])
    const aged = (created: number): unknown => advise(facts({ secrets: [{ id: 'one', created }] }))
    expect(aged(NOW - 366 * DAY + 1)).toEqual([])
    expect(aged(NOW - 366 * DAY)).toEqual([{ kind: 'old secret', secret: 'one', days: 366 }])
  })

  it.each([
    ['http://app.example.com/cb', true],
    ['https://app.example.com/cb', false],
    ['http://127.0.0.1:3000/cb', false],
    ['com.example.app:/cb', false],
    ['http://localhost:3000/cb', false],
    ['http://[::1]/cb', false],
    ['http://127.0.0.2:3000/cb', false],
    ['http://127.example.com/cb', true],
    ['no address', false],
  ])('says of the redirect URI %s that it is in the clear: %s', (uri, isSaid) => {
    expect(advise(facts({ redirectUris: [uri] })).some(({ kind }) => kind === 'plain redirect')).toBe(isSaid)
  })

  it('names users whose own permissions leave nothing to do', () => {
    expect(advise(facts({ powerless: ['ann@example.com'] }))).toEqual([{ kind: 'powerless user', user: 'ann@example.com' }])
  })
})

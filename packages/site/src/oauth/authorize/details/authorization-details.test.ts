import { FrappeError, OAuthError, type Filter } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { docType, field } from '../../../policy/policy.fixture.ts'
import { GUEST, type Principal } from '../../../policy/principal.ts'
import { faultOfDetails, parseDetails, scopesOfDetails, type Detail } from './authorization-details.ts'
import { readTriples, storedDetails } from './granted-details.ts'

const TYPE = 'frappe_doctype'
const text = (detail: object): string => JSON.stringify([{ type: TYPE, doctype: 'Order', actions: ['read'], ...detail }])
const filtered = (filters: unknown): string => text({ filters })
const list = (count: number): string =>
  JSON.stringify(Array.from({ length: count }, (_, index) => ({ type: TYPE, doctype: `Order ${index}`, actions: ['read'] })))

describe('authorization_details', () => {
  it.each<[what: string, text: string | undefined, details: Detail[]]>([
    ['nothing', undefined, []],
    ['no filters', text({}), [{ doctype: 'Order', actions: ['read'], filters: [] }]],
    ['an action twice', text({ actions: ['read', 'write', 'read'] }), [{ doctype: 'Order', actions: ['read', 'write'], filters: [] }]],
    [
      'filters of every value',
      filtered([
        ['a', '=', null],
        ['b', '>', 1],
        ['c', '=', true],
        ['d', '=', 'x'.repeat(500)],
        ['e', 'in', ['x', 1, null, false]],
      ]),
      [
        {
          doctype: 'Order',
          actions: ['read'],
          filters: [
            { fieldname: 'a', operator: '=', value: null },
            { fieldname: 'b', operator: '>', value: 1 },
            { fieldname: 'c', operator: '=', value: true },
            { fieldname: 'd', operator: '=', value: 'x'.repeat(500) },
            { fieldname: 'e', operator: 'in', value: ['x', 1, null, false] },
          ],
        },
      ],
    ],
  ])('hold %s', (_what, sent, details) => expect(parseDetails(sent)).toEqual(details))

  it.each<[what: string, text: string]>([
    ['4096 characters', `${text({})}${' '.repeat(4096 - text({}).length)}`],
    ['20 DocTypes', list(20)],
    ['20 filters', filtered(Array.from({ length: 20 }, () => ['a', '=', 1]))],
    ['a list of 100 values', filtered([['a', 'in', Array.from({ length: 100 }, () => 1)]])],
    [
      'filters of every form',
      filtered([
        ['a', 'is', 'set'],
        ['a', 'is', 'not set'],
        ['a', 'between', ['x', 2]],
        ['a', 'between', [1, 'y']],
        ['a', 'between', 'x,y'],
        ['a', 'in', 'x,y'],
        ['a', 'not in', ['x', 'y']],
        ['a', 'timespan', 'last week'],
        ['a', 'previous', 'week'],
        ['a', 'next', 'week'],
      ]),
    ],
    ['a DocType of 61 letters', text({ doctype: `O${'r'.repeat(60)}` })],
    ['a DocType of two letters', text({ doctype: 'Or' })],
    ['a DocType with a blank, a digit, a hyphen and an underscore', text({ doctype: 'Or 1-_' })],
  ])('may hold %s', (_what, sent) => expect(parseDetails(sent).length).toBeGreaterThan(0))

  it.each<[sentence: string, text: string]>([
    ['send at most 4096 characters', `${text({})}${' '.repeat(4097 - text({}).length)}`],
    ['this is not valid JSON', '{'],
    ['send a list of 1 to 20 objects', '{}'],
    ['send a list of 1 to 20 objects', '[]'],
    ['send a list of 1 to 20 objects', list(21)],
    ['the one type here is frappe_doctype', '[null]'],
    ['the one type here is frappe_doctype', '["frappe_doctype"]'],
    ['the one type here is frappe_doctype', text({ type: 'payment' })],
    ['frappe_doctype has no member locations', text({ locations: [] })],
    [`frappe_doctype has no member ${'x'.repeat(40)}`, text({ ['x'.repeat(41)]: 1 })],
    ["frappe_doctype has no member a'b'", text({ 'a"bé': 1 })],
    ['doctype must be the name of a DocType', text({ doctype: 7 })],
    ['doctype must be the name of a DocType', text({ doctype: 'O' })],
    ['doctype must be the name of a DocType', text({ doctype: `O${'r'.repeat(61)}` })],
    ['doctype must be the name of a DocType', text({ doctype: '1Order' })],
    ['doctype must be the name of a DocType', text({ doctype: ' Order' })],
    ['doctype must be the name of a DocType', text({ doctype: 'Order.x' })],
    ['actions must be a list of rights, such as read and write', text({ actions: 'read' })],
    ['actions must be a list of rights, such as read and write', text({ actions: [] })],
    ['actions must be a list of rights, such as read and write', text({ actions: ['read', 'own'] })],
    ['actions must be a list of rights, such as read and write', text({ actions: ['read', 7] })],
    ['write at most 20 filters of Order', filtered(Array.from({ length: 21 }, () => ['a', '=', 1]))],
    ['a filter of Order must compare with texts, numbers, or a list of them', filtered([['a', '=', 'x'.repeat(501)]])],
    ['a filter of Order must compare with texts, numbers, or a list of them', filtered([['a', '=', { a: 1 }]])],
    ['a filter of Order must compare with texts, numbers, or a list of them', filtered([['a', 'in', ['x', ['y']]]])],
    [
      'a filter of Order must compare with texts, numbers, or a list of them',
      filtered([
        ['b', '=', 1],
        ['a', 'in', Array.from({ length: 101 }, () => 1)],
      ]),
    ],
    ['in a filter of Order, between compares with a list of two values', filtered([['a', 'between', 5]])],
    ['in a filter of Order, between compares with a list of two values', filtered([['a', 'between', ['x', ' ']]])],
    ['in a filter of Order, between compares with a list of two values', filtered([['a', 'between', [1, null]]])],
    ['in a filter of Order, in compares with a list of values', filtered([['a', 'in', 5]])],
    ['in a filter of Order, not in compares with a list of values', filtered([['a', 'not in', 5]])],
    ['in a filter of Order, previous compares with the name of a span', filtered([['a', 'previous', 5]])],
    [
      'in a filter of Order, next compares with the name of a span',
      filtered([
        ['a', '=', 'x'],
        ['b', 'next', ' '],
      ]),
    ],
    ['filters must be a JSON object or a JSON list of [field, operator, value]', filtered(7)],
    ['name each DocType once', JSON.stringify([...(JSON.parse(list(2)) as object[]), ...(JSON.parse(list(1)) as object[])])],
  ])('are refused: %s (%#)', (sentence, sent) => {
    expect(() => parseDetails(sent)).toThrow(new OAuthError('invalid_authorization_details', `authorization_details: ${sentence}`))
    try {
      parseDetails(sent)
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_authorization_details' })
    }
  })

  it('ask for scopes, and are kept as the app wrote them', () => {
    const details = parseDetails(
      JSON.stringify([
        { type: TYPE, doctype: 'Sales Invoice', actions: ['read', 'write'], filters: { company: 'A' } },
        { type: TYPE, doctype: 'Item', actions: ['print'] },
      ]),
    )
    expect(scopesOfDetails(details)).toEqual(['Sales.Invoice:read', 'Sales.Invoice:write', 'Item:print'])
    expect(JSON.parse(storedDetails(details) ?? '')).toEqual({ 'Sales Invoice': [['company', '=', 'A']], Item: [] })
    expect([...readTriples(storedDetails(details) ?? null)]).toEqual([
      ['Sales Invoice', [['company', '=', 'A']]],
      ['Item', []],
    ])
    expect(storedDetails([])).toBeUndefined()
    expect([readTriples(null).size, readTriples('[]').size, readTriples('"x"').size]).toEqual([0, 0, 0])
  })
})

describe('Their filters', () => {
  const order = docType(
    'Order',
    [field('company', 'Data'), field('margin', 'Int', { permlevel: 1 }), field('secret', 'Password')],
    [{ role: 'Desk User', rights: ['read'] }],
  )
  const principal: Principal = { ...GUEST, user: 'ann@example.com', roles: new Set(['Desk User']) }
  const detail = (...filters: Filter[]): Detail => ({ doctype: 'Order', actions: ['read'], filters })
  const filter = (fieldname: string, operator: Filter['operator'] = '=', value: unknown = 'x'): Filter => ({ fieldname, operator, value })
  const fault = (details: Detail[], tried: () => unknown = () => undefined): Promise<string | undefined> =>
    faultOfDetails(details, {
      principal,
      doctypeOf: (name) => (name === 'Order' ? order : undefined),
      tryFilters: async () => tried(),
    })

  it.each(['company', 'name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx'])('may go by %s', async (name) => {
    expect(await fault([detail(filter(name))])).toBeUndefined()
  })

  it.each<[filters: Filter[], sentence: string]>([
    [[filter('ghost')], 'Order has no field ghost that you may read'],
    [[filter('g'.repeat(141))], `Order has no field ${'g'.repeat(140)} that you may read`],
    [[filter('company'), filter('margin')], 'Order has no field margin that you may read'],
    [[filter('name', 'ancestors of')], '"ancestors of" needs a name or a link to documents of a tree'],
  ])('may not go by %j', async (filters, sentence) => {
    expect(await fault([detail(filter('company')), detail(...filters)])).toBe(sentence)
  })

  it('are tried as the user would list by them, where there are any', async () => {
    const tried: unknown[] = []
    const own = { principal, doctypeOf: () => order, tryFilters: async (...args: unknown[]) => void tried.push(args) }
    expect(await faultOfDetails([detail(), detail(filter('company'))], own)).toBeUndefined()
    expect(tried).toEqual([[principal, 'Order', [filter('company')]]])
    expect(await faultOfDetails([detail(filter('company'))], { ...own, doctypeOf: () => undefined })).toBeUndefined()
    expect(tried).toHaveLength(1)
  })

  it('are wrong in the words of who tried them, of a list that is closed in words of our own, and a fault stays a fault', async () => {
    const throwing = (error: Error) => () => {
      throw error
    }
    const details = [detail(filter('company'))]
    expect(await fault(details, throwing(new FrappeError('ValidationError', 'no date')))).toBe('no date')
    expect(await fault(details, throwing(new FrappeError('PermissionError', 'No')))).toBe('you may not list Order')
    await expect(fault(details, throwing(new Error('the disk is full')))).rejects.toThrow('the disk is full')
  })
})

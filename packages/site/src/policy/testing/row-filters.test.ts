import { ScopeSet, type Filter } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { docType, field, principal } from '../policy.fixture.ts'
import type { Principal, TokenRights } from '../principal.ts'
import { rowConditions } from '../row-conditions.ts'
import {
  faultOfRowFilter,
  filterThatNames,
  isLimited,
  limitedDoctypes,
  limitsIn,
  mergeRowFilters,
  parseRowFilters,
  rowLimits,
  scopesUnderFilters,
  type RowFilters,
} from '../row-filters.ts'

const is = (fieldname: string, value: string): Filter => ({ fieldname, operator: '=', value })
const NOTHING = [{ fieldname: 'name', operator: '=', value: null }]
const held = (rowFilters: RowFilters | undefined): Principal => {
  const token: TokenRights = { hash: 'h', grant: 'g', client: 'c', scopes: new ScopeSet(['all']), unfenced: false, doctypeIds: {} }
  return { ...principal('x', ['Clerk']), token: rowFilters ? { ...token, rowFilters } : token }
}

describe('row filters as they are stored', () => {
  it('are read by DocType', () => {
    expect([...(parseRowFilters('{"Item":[["group","=","Tools"]],"Note":{"owner":"x"}}') ?? [])]).toMatchObject([
      ['Item', [is('group', 'Tools')]],
      ['Note', [is('owner', 'x')]],
    ])
  })

  it.each(['[]', '{}', '5', '"x"', 'null', '[["group","no such operator","x"]]', '[["a"]]'])(
    'keep every document of a DocType away when they say nothing that can be read: %s',
    (text) => {
      expect([...(parseRowFilters(`{"Item":${text}}`) ?? [])]).toEqual([['Item', NOTHING]])
    },
  )

  it.each(['', 'nonsense', '[]', '5', 'null', '"Item"'])('are none when the text is no object: %s', (text) => {
    expect(parseRowFilters(text)).toBeUndefined()
  })

  it('add up, each binding its own DocType', () => {
    const merged = mergeRowFilters([
      new Map([['Item', [is('a', '1')]]]),
      new Map([
        ['Item', [is('b', '2')]],
        ['Note', [is('c', '3')]],
      ]),
    ])
    expect([...merged]).toEqual([
      ['Item', [is('a', '1'), is('b', '2')]],
      ['Note', [is('c', '3')]],
    ])
    expect(mergeRowFilters([]).size).toBe(0)
  })

  it('leave neither methods nor all among the scopes', () => {
    const scopes = ['all', 'method:a.b', 'Item:read', '*:read', 'openid', 'set:sales', 'nonsense']
    const filters = new Map([['Item', [is('a', '1')]]])
    expect(scopesUnderFilters(scopes, filters)).toEqual(['Item:read', '*:read', 'openid', 'set:sales', 'nonsense'])
    expect([scopesUnderFilters(scopes, undefined), scopesUnderFilters(scopes, new Map())]).toEqual([scopes, scopes])
  })
})

describe('what an app is held to', () => {
  const filters: RowFilters = new Map([['Item', [is('group', 'Tools')]]])

  it('is nothing without a token, without filters, and on another DocType', () => {
    const without = principal('x', [])
    expect([rowLimits(without, 'Item'), rowLimits(held(undefined), 'Item'), rowLimits(held(filters), 'Note')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([without, held(undefined)].map((who) => isLimited(who, 'Item'))).toEqual([false, false])
    expect(['Item', 'Note', 'File'].map((doctype) => isLimited(held(filters), doctype))).toEqual([true, false, true])
  })

  it('is what its filters say of the DocType', () => {
    expect(rowLimits(held(filters), 'Item')).toEqual({ filters: [is('group', 'Tools')], all: filters })
  })

  it.each([
    ['Comment', { type: 'reference_doctype', name: 'reference_name' }],
    ['DocShare', { type: 'share_doctype', name: 'share_name' }],
    ['File', { type: 'attached_to_doctype', name: 'attached_to_name' }],
    ['ToDo', { type: 'reference_type', name: 'reference_name' }],
    ['Version', { type: 'ref_doctype', name: 'docname' }],
    ['Deleted Document', { type: 'deleted_doctype', name: 'deleted_name', gone: true }],
  ])('reaches what is said of a document with that document alone: %s', (doctype, about) => {
    expect(limitsIn(filters, doctype)).toEqual({ filters: [], about, all: filters })
    expect(limitsIn(new Map(), doctype)).toBeUndefined()
  })

  it('is named by DocType, with those that speak of others', () => {
    expect(limitedDoctypes(new Map([...filters, ['File', []]]))).toEqual([
      'Item',
      'File',
      'Comment',
      'DocShare',
      'ToDo',
      'Version',
      'Deleted Document',
    ])
  })

  it('binds a list whatever else chooses its rows', () => {
    const doctype = docType('Item', [field('group', 'Data')], [{ role: 'Clerk', rights: ['read'] }])
    const limits = { filters: [is('group', 'Tools')], all: filters }
    expect(rowConditions(held(filters), doctype, 'read', () => undefined)).toEqual({ allowed: [], limits })
    expect(rowConditions(held(filters), doctype, 'write', () => undefined)).toEqual({ allowed: [], sharedOnly: true, limits })
    expect(rowConditions(held(undefined), doctype, 'read', () => undefined)).toEqual({ allowed: [] })
  })
})

describe('a filter’s meaning hangs on the names of other documents', () => {
  const GROUP = docType('Group', [])
  const ITEM = docType('Item', [
    field('group', 'Link', { options: 'Group' }),
    field('brand', 'Link', { options: 'Brand' }),
    field('town', 'Data', { options: 'Group' }),
  ])
  const doctypeOf = (name: string): typeof ITEM | undefined => [GROUP, ITEM].find((doctype) => doctype.name === name)
  const under = (fieldname: string): Filter => ({ fieldname, operator: 'descendants of', value: 'All' })

  it.each<[string, RowFilters, string, string | undefined]>([
    ['a link to it', new Map([['Item', [is('brand', 'B'), is('group', 'G')]]]), 'Group', 'Item.group'],
    ['a link to another', new Map([['Item', [is('brand', 'B')]]]), 'Group', undefined],
    ['a field that is no link', new Map([['Item', [is('town', 'G')]]]), 'Group', undefined],
    ['a walk through its own tree', new Map([['Group', [under('name')]]]), 'Group', 'Group.name'],
    ['a plain filter of its own', new Map([['Group', [is('name', 'G')]]]), 'Group', undefined],
    ['a walk through another’s tree', new Map([['Item', [under('brand')]]]), 'Group', undefined],
    ['a DocType that is gone', new Map([['Gone', [is('group', 'G')]]]), 'Group', undefined],
    [
      'a later DocType',
      new Map([
        ['Gone', [is('group', 'G')]],
        ['Item', [is('group', 'G')]],
      ]),
      'Group',
      'Item.group',
    ],
  ])('%s', (_, filters, named, expected) => {
    expect(filterThatNames(held(filters), named, doctypeOf)).toBe(expected)
  })

  it('not without filters', () => {
    expect([filterThatNames(held(undefined), 'Group', doctypeOf), filterThatNames(principal('x', []), 'Group', doctypeOf)]).toEqual([
      undefined,
      undefined,
    ])
  })
})

describe('a row filter that is saved', () => {
  const TREE = docType('Group', [field('parent_group', 'Link', { options: 'Group' })], [], {
    is_tree: true,
    nsm_parent_field: 'parent_group',
  })
  const ITEM = docType('Item', [
    field('group', 'Link', { options: 'Group' }),
    field('brand', 'Link', { options: 'Brand' }),
    field('town', 'Data', { options: 'Group' }),
    field('secret', 'Password'),
    field('rows', 'Table', { options: 'Row' }),
    field('break', 'Section Break'),
  ])
  const doctypeOf = (name: string): typeof ITEM | undefined => (name === 'Group' ? TREE : name === 'Item' ? ITEM : undefined)
  const fault = (filter: Filter, doctype = ITEM): string | undefined => faultOfRowFilter(doctype, filter, doctypeOf)
  const under = (fieldname: string): Filter => ({ fieldname, operator: 'descendants of', value: 'All' })

  it.each([
    is('group', 'G'),
    is('town', 'T'),
    is('name', 'N'),
    is('owner', 'O'),
    is('docstatus', '0'),
    { ...is('town', 'T'), doctype: 'Item' },
    under('group'),
  ])('holds documents: %j', (filter) => {
    expect(fault(filter)).toBeUndefined()
  })

  it('walks a tree by its names', () => {
    expect(fault(under('name'), TREE)).toBeUndefined()
  })

  const tree = '"descendants of" needs a name or a link to documents of a tree'
  it.each<[Filter, string]>([
    [is('secret', 'S'), 'Item.secret holds no value that could be compared'],
    [is('rows', 'R'), 'Item.rows holds no value that could be compared'],
    [is('break', 'B'), 'Item.break holds no value that could be compared'],
    [is('nowhere', 'N'), 'Item has no field nowhere'],
    [is('n'.repeat(150), 'N'), `Item has no field ${'n'.repeat(140)}`],
    [{ ...is('town', 'T'), doctype: 'Row' }, 'a filter of Item goes by its own fields, and not by those of Row'],
    [{ ...is('town', 'T'), doctype: 'R'.repeat(150) }, `a filter of Item goes by its own fields, and not by those of ${'R'.repeat(140)}`],
    [under('brand'), tree],
    [under('town'), tree],
    [under('name'), tree],
    [under('owner'), tree],
  ])('does not: %j', (filter, words) => {
    expect(fault(filter)).toBe(words)
  })

  it.each([
    [{ istable: true }, 'Odd is a child table; filter the documents that its rows belong to'],
    [{ virtual: true }, 'Odd has no list of stored documents that could be filtered'],
    [{ issingle: true }, 'Odd has no list of stored documents that could be filtered'],
  ])('is of documents in a list: %j', (rest, words) => {
    expect(fault(is('name', 'N'), docType('Odd', [], [], rest))).toBe(words)
  })
})

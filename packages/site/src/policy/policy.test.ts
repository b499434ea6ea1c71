import type { Right } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { isFenced } from './fence.ts'
import { listAccess, readableLevels, visibleFields, writableLevels } from './field-levels.ts'
import { judge } from './judge.ts'
import { docType, field, principal } from './policy.fixture.ts'
import { ADMINISTRATOR, GUEST, type Principal } from './principal.ts'
import { can } from './role-rights.ts'
import { rowConditions } from './row-conditions.ts'

const LINE = docType('Quote Line', [field('item', 'Link', { options: 'Item' }), field('margin', 'Currency', { permlevel: 1 })], [], {
  istable: true,
})
const QUOTE = docType(
  'Quote',
  [
    field('title', 'Data'),
    field('client', 'Link', { options: 'Client' }),
    field('rival', 'Link', { options: 'Client', ignore_user_permissions: true }),
    field('cost', 'Currency', { permlevel: 1 }),
    field('section', 'Section Break'),
    field('lines', 'Table', { options: 'Quote Line' }),
  ],
  [
    { role: 'Clerk', rights: ['read', 'write', 'create'] },
    { role: 'Lead', rights: ['read', 'write', 'create', 'delete', 'submit'] },
    { role: 'Lead', rights: ['read', 'write'], permlevel: 1 },
    { role: 'Author', rights: ['read', 'write', 'create', 'delete'], if_owner: true },
    { role: 'Author', rights: ['read'], permlevel: 1, if_owner: true },
    { role: 'Picker', rights: ['select'] },
  ],
  { is_submittable: true, title_field: 'title', search_fields: ['client', 'cost'] },
)
const NOTE = docType('Note', [field('subject', 'Data')], [{ role: 'Lead', rights: ['read', 'submit', 'cancel', 'amend'] }])
const CLIENT = docType('Client', [field('region', 'Data')], [{ role: 'Clerk', rights: ['read'] }])
const childOf = (name: string): typeof LINE | undefined => (name === 'Quote Line' ? LINE : undefined)

const clerk = principal('clerk@x.io', ['Clerk'])
const lead = principal('lead@x.io', ['Lead'])
const author = principal('author@x.io', ['Author'])
const picker = principal('picker@x.io', ['Picker'])

describe('a right by role', () => {
  const table: [Principal, Right, 'no' | 'yes' | 'own'][] = [
    [clerk, 'read', 'yes'],
    [clerk, 'select', 'yes'],
    [clerk, 'delete', 'no'],
    [clerk, 'submit', 'no'],
    [lead, 'submit', 'yes'],
    [author, 'read', 'own'],
    [author, 'select', 'own'],
    [author, 'delete', 'own'],
    [author, 'create', 'yes'],
    [author, 'submit', 'no'],
    [picker, 'select', 'yes'],
    [picker, 'read', 'no'],
    [GUEST, 'read', 'no'],
    [ADMINISTRATOR, 'delete', 'yes'],
  ]
  it.each(table)('%# %o: %s is %s', (who, right, expected) => {
    expect(can(who, QUOTE, right)).toBe(expected)
  })

  it.each(['submit', 'cancel', 'amend'] as const)('%s needs a DocType that can be submitted, of Administrator too', (right) => {
    expect([can(lead, NOTE, right), can(ADMINISTRATOR, NOTE, right)]).toEqual(['no', 'no'])
  })

  it('on a field’s level counts on no document by itself', () => {
    const levelOnly = principal('x@x.io', ['Level'])
    const doctype = docType('D', [field('a', 'Data')], [{ role: 'Level', rights: ['read'], permlevel: 1 }])
    expect(can(levelOnly, doctype, 'read')).toBe('no')
  })

  it('adds up over roles', () => {
    expect(can(principal('x@x.io', ['Author', 'Clerk']), QUOTE, 'read')).toBe('yes')
    expect(can(principal('x@x.io', ['Author', 'Clerk']), QUOTE, 'delete')).toBe('own')
  })
})

describe('fields', () => {
  it.each([
    [clerk, [0], [0]],
    [lead, [0, 1], [0, 1]],
    [author, [0], [0]],
  ])('%# are read and written by level', (who, read, write) => {
    expect([...readableLevels(who, QUOTE)]).toEqual(read)
    expect([...writableLevels(who, QUOTE)]).toEqual(write)
  })

  it('above the level are not visible, and layout never is', () => {
    expect([...visibleFields(clerk, QUOTE, 'read')]).toEqual(['title', 'client', 'rival', 'lines'])
    expect(visibleFields(lead, QUOTE, 'read').has('cost')).toBe(true)
    expect(visibleFields(ADMINISTRATOR, QUOTE, 'read').has('cost')).toBe(true)
  })

  it('are those of a link alone to who may only select', () => {
    expect(listAccess(picker, QUOTE)).toBe('select')
    expect([...visibleFields(picker, QUOTE, 'select')]).toEqual(['title', 'client'])
  })

  it.each([
    [clerk, 'read'],
    [author, 'read'],
    [GUEST, 'none'],
  ])('%# decide how much a list may show', (who, expected) => {
    expect(listAccess(who, QUOTE)).toBe(expected)
  })
})

describe('one document', () => {
  const held = principal('held@x.io', ['Clerk'], [{ allow: 'Client', for_value: 'Acme' }])
  const heldToItem = principal('held@x.io', ['Clerk'], [{ allow: 'Item', for_value: 'A' }])
  const heldElsewhere = principal('held@x.io', ['Clerk'], [{ allow: 'Client', for_value: 'Acme', applicable_for: 'Invoice' }])
  const heldAuthor = principal('held@x.io', ['Clerk', 'Author'], [{ allow: 'Client', for_value: 'Acme' }])
  const table: [string, Principal, Right, Record<string, unknown> & { owner: string }, boolean][] = [
    ['of a role', clerk, 'read', { owner: 'x' }, true],
    ['of an owner', author, 'write', { owner: 'author@x.io' }, true],
    ['of another owner', author, 'write', { owner: 'x' }, false],
    ['with an allowed link', held, 'read', { owner: 'x', client: 'Acme' }, true],
    ['with another link', held, 'read', { owner: 'x', client: 'Bluth' }, false],
    ['with an empty link', held, 'read', { owner: 'x', client: null }, true],
    ['with another link that ignores permissions', held, 'read', { owner: 'x', rival: 'Bluth' }, true],
    ['with another link, made by its owner without if_owner', held, 'read', { owner: 'held@x.io', client: 'Bluth' }, false],
    ['with another link, made by its owner with if_owner', heldAuthor, 'delete', { owner: 'held@x.io', client: 'Bluth' }, true],
    ['with a permission for another DocType', heldElsewhere, 'read', { owner: 'x', client: 'Bluth' }, true],
    ['with a row that links elsewhere', heldToItem, 'read', { owner: 'x', lines: [{ item: 'A' }, { item: 'B' }] }, false],
    ['with rows that link where allowed', heldToItem, 'read', { owner: 'x', lines: [{ item: 'A' }, { item: null }] }, true],
    ['for Administrator', ADMINISTRATOR, 'delete', { owner: 'x', client: 'Bluth' }, true],
  ]
  it.each(table)('%s', (_, who, right, document, expected) => {
    expect(judge(who, QUOTE, right, document, { childOf })).toBe(expected)
  })

  it('is restricted by its own name', () => {
    expect(['Acme', 'Bluth'].map((name) => judge(held, CLIENT, 'read', { name, owner: 'x' }, { childOf }))).toEqual([true, false])
  })

  it('gives own rights besides those of roles', () => {
    expect(judge(GUEST, QUOTE, 'read', { owner: 'x' }, { childOf, ownRights: ['read'] })).toBe(true)
    expect(judge(GUEST, QUOTE, 'write', { owner: 'x' }, { childOf, ownRights: ['read'] })).toBe(false)
  })
})

describe('the rows of a list', () => {
  const permissions = [
    { allow: 'Client', for_value: 'Acme' },
    { allow: 'Client', for_value: 'Bluth', applicable_for: 'Quote' },
  ]
  it('are all of them by role', () => {
    expect(rowConditions(clerk, QUOTE, 'read', childOf)).toEqual({ allowed: [] })
  })

  it('are one’s own through if_owner', () => {
    expect(rowConditions(author, QUOTE, 'read', childOf)).toEqual({ owner: 'author@x.io', allowed: [] })
  })

  it('are those with allowed links', () => {
    expect(rowConditions(principal('x', ['Clerk'], permissions), QUOTE, 'read', childOf)).toEqual({
      allowed: [{ fieldname: 'client', values: ['Acme', 'Bluth'], orEmpty: true }],
    })
  })

  it('are, besides, one’s own where if_owner gives the right as well', () => {
    expect(rowConditions(principal('x', ['Clerk', 'Author'], permissions), QUOTE, 'read', childOf).exempt).toBe('x')
  })

  it('have allowed names, also for the form that links to them', () => {
    const who = principal('x', ['Clerk'], permissions)
    expect(rowConditions(who, CLIENT, 'read', childOf).allowed).toEqual([{ fieldname: 'name', values: ['Acme'], orEmpty: false }])
    expect(rowConditions(who, CLIENT, 'select', childOf, 'Quote').allowed).toEqual([
      { fieldname: 'name', values: ['Acme', 'Bluth'], orEmpty: false },
    ])
  })

  it('have allowed links in their child rows', () => {
    const who = principal('x', ['Clerk'], [{ allow: 'Item', for_value: 'A' }])
    expect(rowConditions(who, QUOTE, 'read', childOf).allowed).toEqual([
      { fieldname: 'item', table: 'lines', values: ['A'], orEmpty: true },
    ])
  })
})

it.each([
  ['User', true],
  ['DocPerm', true],
  ['OAuth Bearer Token', true],
  ['OAuthless', false],
  ['Sales Invoice', false],
])('%s is fenced: %s', (doctype, expected) => {
  expect(isFenced(doctype)).toBe(expected)
})

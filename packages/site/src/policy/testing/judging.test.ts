import { RIGHTS } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { readableLevels, visibleFields, writableLevels } from '../field-levels.ts'
import { against, judge, refusedBy, type Judged } from '../judge.ts'
import { isOwn, ownerFields } from '../owners.ts'
import { docType, field, principal } from '../policy.fixture.ts'
import { ADMINISTRATOR, GUEST, isAdministrator, isGuest } from '../principal.ts'
import { can } from '../role-rights.ts'
import { rowConditions } from '../row-conditions.ts'
import { canSome, isShareable, withoutShares } from '../shares.ts'
import { allowedBy } from '../user-permissions.ts'

const LINE = docType('Line', [field('item', 'Link', { options: 'Item' }), field('note', 'Data')], [], { istable: true })
const ORDER = docType(
  'Order',
  [
    field('client', 'Link', { options: 'Client' }),
    field('town', 'Data', { options: 'Line' }),
    field('lines', 'Table', { options: 'Line' }),
    field('gone', 'Table', { options: 'Gone' }),
  ],
  [
    { role: 'Clerk', rights: ['read', 'write'] },
    { role: 'Author', rights: ['read'], if_owner: true },
  ],
)
const childOf = (name: string): typeof LINE | undefined => (name === 'Line' ? LINE : undefined)
const byClient = principal('held@x.io', ['Clerk'], [{ allow: 'Client', for_value: 'Acme' }])
const byItem = principal('held@x.io', ['Clerk'], [{ allow: 'Item', for_value: 'A' }])
const byName = principal('held@x.io', ['Clerk'], [{ allow: 'Order', for_value: '7' }])

describe('what says no to one document', () => {
  it('is a role that gives nothing, one that gives it on own documents, or a user permission', () => {
    const document = { owner: 'other', client: 'Bluth' }
    expect(against(GUEST, ORDER, 'read', document, { childOf })).toEqual({ by: 'role' })
    expect(against(principal('x', ['Author']), ORDER, 'read', document, { childOf })).toEqual({ by: 'owner' })
    expect(against(principal('x', ['Author']), ORDER, 'write', document, { childOf })).toEqual({ by: 'role' })
    expect(against(byClient, ORDER, 'read', document, { childOf })).toEqual({
      by: 'user permission',
      allowed: { fieldname: 'client', values: ['Acme'], orEmpty: true },
    })
    expect(against(byClient, ORDER, 'read', { owner: 'other', client: 'Acme' }, { childOf })).toBeUndefined()
  })

  it('is nothing where the document gives the right itself, and that right alone', () => {
    const options = { childOf, ownRights: ['read'] as const }
    expect(against(GUEST, ORDER, 'read', { owner: 'other' }, options)).toBeUndefined()
    expect(against(byClient, ORDER, 'write', { owner: 'other', client: 'Bluth' }, options)?.by).toBe('user permission')
  })

  it.each<[string, Judged, boolean]>([
    ['a value that is not among the allowed', { owner: 'x', client: 'Bluth' }, false],
    ['no word of the field', { owner: 'x' }, true],
    ['an empty link', { owner: 'x', client: '' }, true],
    ['a link to nothing', { owner: 'x', client: null }, true],
  ])('by a link: %s', (_, document, held) => {
    expect(refusedBy(byClient, ORDER, document, childOf) === undefined).toBe(held)
  })

  it.each<[string, Judged, boolean]>([
    ['one row that links elsewhere', { owner: 'x', lines: [{ item: 'A' }, { item: 'B' }] }, false],
    ['every row links where it may', { owner: 'x', lines: [{ item: 'A' }] }, true],
    ['no rows', { owner: 'x', lines: [] }, true],
    ['no word of rows', { owner: 'x', lines: null }, true],
    ['what is no row', { owner: 'x', lines: ['B', null] }, true],
    ['a row that says nothing of the link', { owner: 'x', lines: [{ note: 'B' }] }, true],
    ['a field of the document by the row’s name', { owner: 'x', item: 'B' }, true],
  ])('by a link in its rows: %s', (_, document, held) => {
    expect(refusedBy(byItem, ORDER, document, childOf) === undefined).toBe(held)
  })

  it.each<[Judged, boolean]>([
    [{ owner: 'x', name: 7 }, true],
    [{ owner: 'x', name: '7' }, true],
    [{ owner: 'x', name: 8 }, false],
    [{ owner: 'x', name: '' }, false],
    [{ owner: 'x' }, true],
  ])('by its own name: %j passes: %s', (document, held) => {
    expect(refusedBy(byName, ORDER, document, childOf) === undefined).toBe(held)
  })
})

describe('an owner', () => {
  it('is who made a document, and for a task also to whom it was given', () => {
    const task = docType('ToDo', [])
    expect([ownerFields(ORDER), ownerFields(task)]).toEqual([['owner'], ['owner', 'allocated_to']])
    expect([isOwn(task, { owner: 'a', allocated_to: 'b' }, 'b'), isOwn(task, { owner: 'a', allocated_to: 'b' }, 'a')]).toEqual([true, true])
    expect([isOwn(task, { owner: 'a', allocated_to: 'b' }, 'c'), isOwn(ORDER, { owner: 'a', allocated_to: 'b' }, 'b')]).toEqual([
      false,
      false,
    ])
  })
})

describe('a document that is yet to be made', () => {
  it.each([
    [['create'], true, 'yes'],
    [['create'], false, 'yes'],
    [['read'], true, 'no'],
  ] as const)('has no other owner: %j of own documents alone (%s) is %s', (rights, if_owner, verdict) => {
    const doctype = docType(
      'Made',
      [],
      [
        { role: 'Author', rights, if_owner },
        { role: 'Author', rights: ['write'] },
      ],
    )
    expect(can(principal('x', ['Author']), doctype, 'create')).toBe(verdict)
  })
})

describe('user permissions', () => {
  it('ask nothing of Administrator', () => {
    const held = { ...ADMINISTRATOR, userPermissions: byClient.userPermissions }
    expect([allowedBy(held, ORDER, childOf), judge(held, ORDER, 'read', { owner: 'x', client: 'Bluth' }, { childOf })]).toEqual([[], true])
  })

  it('add up over one DocType, each name once', () => {
    const twice = principal(
      'x',
      ['Clerk'],
      [
        { allow: 'Client', for_value: 'Acme' },
        { allow: 'Client', for_value: 'Acme', applicable_for: 'Order' },
        { allow: 'Client', for_value: 'Bluth', applicable_for: 'Note' },
        { allow: 'Else', for_value: 'Acme' },
      ],
    )
    expect(allowedBy(twice, ORDER, childOf)).toEqual([{ fieldname: 'client', values: ['Acme'], orEmpty: true }])
  })

  it('ask of links alone', () => {
    const named = docType('Named', [field('town', 'Data', { options: 'Client' }), field('client', 'Link', { options: 'Client' })])
    expect(allowedBy(byClient, named, childOf).map(({ fieldname }) => fieldname)).toEqual(['client'])
    expect(allowedBy(byItem, ORDER, childOf)).toEqual([{ fieldname: 'item', table: 'lines', values: ['A'], orEmpty: true }])
  })
})

describe('those who need no roles of their own', () => {
  it('are told apart by their names', () => {
    const names = ['Administrator', 'Guest', 'x', '']
    expect(names.filter((name) => isAdministrator(principal(name, [])))).toEqual(['Administrator'])
    expect(names.filter((name) => isGuest(principal(name, [])))).toEqual(['Guest'])
    expect([GUEST.user, [...GUEST.roles], GUEST.userPermissions, GUEST.sharedDoctypes.size]).toEqual(['Guest', ['Guest'], [], 0])
    expect([ADMINISTRATOR.user, [...ADMINISTRATOR.roles].join(), ADMINISTRATOR.userPermissions, ADMINISTRATOR.sharedDoctypes.size]).toEqual(
      ['Administrator', 'Administrator,System Manager,All,Guest,Desk User', [], 0],
    )
  })

  it('Administrator has every right and level, whatever roles they are given', () => {
    const doctype = docType('Plain', [field('a', 'Data', { permlevel: 9 })], [], { is_submittable: true })
    const bare = principal('Administrator', [])
    expect(RIGHTS.map((right) => can(bare, doctype, right))).toEqual(RIGHTS.map(() => 'yes'))
    expect([[...readableLevels(bare, doctype)], [...writableLevels(bare, doctype)]]).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ])
    expect(can(principal('x', ['Administrator', 'System Manager']), doctype, 'read')).toBe('no')
  })
})

describe('levels', () => {
  const doctype = docType(
    'Levels',
    [field('a', 'Data'), field('b', 'Data', { permlevel: 1 }), field('c', 'Data', { permlevel: 2 })],
    [
      { role: 'Reader', rights: ['read'], permlevel: 1 },
      { role: 'Writer', rights: ['write'], permlevel: 2 },
      { role: 'Owner', rights: ['read', 'write'], permlevel: 2, if_owner: true },
    ],
  )
  it('are read by rows that give read, and written by those that give write, if they hold for every document', () => {
    const who = principal('x', ['Reader', 'Writer'])
    expect([[...readableLevels(who, doctype)], [...writableLevels(who, doctype)]]).toEqual([
      [0, 1],
      [0, 2],
    ])
    expect([...readableLevels(principal('x', ['Owner']), doctype)]).toEqual([0])
  })

  it('are told apart for the same roles on the same DocType, and asked again', () => {
    const who = principal('x', ['Reader'])
    const [read, select] = [visibleFields(who, doctype, 'read'), visibleFields(who, doctype, 'select')]
    expect([[...read], [...select]]).toEqual([['a', 'b'], []])
    expect([visibleFields(who, doctype, 'read') === read, visibleFields(who, doctype, 'select') === select]).toEqual([true, true])
  })
})

describe('a share', () => {
  it('is of documents that are stored by themselves', () => {
    expect([isShareable(ORDER), isShareable(LINE), isShareable(docType('V', [], [], { virtual: true }))]).toEqual([true, false, false])
  })

  it('gives some right where no role does', () => {
    const sharee = principal('x', [], [], ['Order'])
    expect([
      canSome(sharee, ORDER, 'read'),
      canSome(sharee, ORDER, 'delete'),
      canSome(byClient, ORDER, 'read'),
      canSome(GUEST, ORDER, 'read'),
    ]).toEqual([true, false, true, false])
  })

  it('counts nowhere else than on its own site', () => {
    const sharee = principal('x', ['Clerk'], [], ['Order'])
    expect([...withoutShares(sharee).sharedDoctypes]).toEqual([])
    expect(withoutShares(sharee)).toMatchObject({ user: 'x', roles: sharee.roles })
    expect(withoutShares(byClient)).toBe(byClient)
  })
})

it('the rows of a list are one’s own besides the allowed ones, only where if_owner gives that very right', () => {
  const both = principal('x', ['Clerk', 'Author'], [{ allow: 'Client', for_value: 'Acme' }])
  const allowed = [{ fieldname: 'client', values: ['Acme'], orEmpty: true }]
  expect(rowConditions(both, ORDER, 'read', childOf)).toEqual({ allowed, exempt: 'x' })
  expect(rowConditions(both, ORDER, 'write', childOf)).toEqual({ allowed })
})

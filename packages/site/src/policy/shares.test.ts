import type { Right } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { listAccess, readableLevels, visibleFields } from './field-levels.ts'
import { docType, field, principal } from './policy.fixture.ts'
import { ADMINISTRATOR, GUEST, type Principal } from './principal.ts'
import { rowConditions } from './row-conditions.ts'
import { canSome, mayBeShared, sharedRightFor } from './shares.ts'

const NOTE = docType(
  'Note',
  [field('subject', 'Data'), field('cost', 'Currency', { permlevel: 1 }), field('client', 'Link', { options: 'Client' })],
  [
    { role: 'Clerk', rights: ['read', 'write', 'create'] },
    { role: 'Author', rights: ['read', 'write'], if_owner: true },
    { role: 'Picker', rights: ['select'] },
    { role: 'All', rights: ['read'], permlevel: 1 },
  ],
  { title_field: 'subject' },
)
const ORDER = docType('Order', [field('title', 'Data')], [{ role: 'Clerk', rights: ['read'] }], { is_submittable: true })
const ROW = docType('Note Row', [field('text', 'Data')], [], { istable: true })
const TOKENS = docType('Token', [field('text', 'Data')], [], { virtual: true })
const childOf = (): undefined => undefined
const everything = ['Note', 'Order', 'Note Row', 'Token']

const sharee = principal('sharee@x.io', [], [], everything)
const stranger = principal('stranger@x.io', [])
const author = principal('author@x.io', ['Author'], [], everything)
const picker = principal('picker@x.io', ['Picker'], [], everything)
const clerk = principal('clerk@x.io', ['Clerk'], [], everything)
const held = principal('held@x.io', ['Clerk'], [{ allow: 'Client', for_value: 'Acme' }], everything)

describe('a share', () => {
  it.each<[Right, string | undefined]>([
    ['read', 'read'],
    ['select', 'read'],
    ['print', 'read'],
    ['email', 'read'],
    ['write', 'write'],
    ['share', 'share'],
    ['submit', 'submit'],
    ['create', undefined],
    ['delete', undefined],
    ['cancel', undefined],
    ['amend', undefined],
    ['report', undefined],
    ['import', undefined],
    ['export', undefined],
  ])('gives %s through %s', (right, through) => {
    expect(sharedRightFor(right)).toBe(through)
  })

  it.each<[string, Principal, Parameters<typeof mayBeShared>[1], Right, boolean]>([
    ['a sharee reads', sharee, NOTE, 'read', true],
    ['a sharee writes', sharee, NOTE, 'write', true],
    ['a sharee creates', sharee, NOTE, 'create', false],
    ['a sharee deletes', sharee, NOTE, 'delete', false],
    ['a sharee submits what cannot be submitted', sharee, NOTE, 'submit', false],
    ['a sharee submits', sharee, ORDER, 'submit', true],
    ['a sharee cancels', sharee, ORDER, 'cancel', false],
    ['a sharee reads a row by itself', sharee, ROW, 'read', false],
    ['a sharee reads what has no table', sharee, TOKENS, 'read', false],
    ['one with whom nothing is shared', stranger, NOTE, 'read', false],
    ['a guest', GUEST, NOTE, 'read', false],
    ['Administrator needs none', ADMINISTRATOR, NOTE, 'read', false],
  ])('%s', (_, who, doctype, right, expected) => {
    expect(mayBeShared(who, doctype, right)).toBe(expected)
  })

  it('opens the DocType’s list where roles do not, and no more than a link’s fields where roles select', () => {
    expect([sharee, author, picker, stranger].map((who) => listAccess(who, NOTE))).toEqual(['read', 'read', 'select', 'none'])
    expect([sharee, picker, stranger].map((who) => canSome(who, NOTE, 'write'))).toEqual([true, true, false])
    expect([...visibleFields(picker, NOTE, 'select')]).toEqual(['subject'])
  })

  it('gives level 0; higher levels come from roles alone', () => {
    expect([...readableLevels(principal('x', [], [], ['Order']), ORDER)]).toEqual([0])
    expect([...readableLevels(sharee, NOTE)]).toEqual([0, 1])
  })
})

describe('the rows of a list', () => {
  it.each([
    ['shared ones alone without a role', sharee, { allowed: [], sharedOnly: true, shared: 'sharee@x.io' }],
    ['none without role or share', stranger, { allowed: [], sharedOnly: true }],
    ['own and shared ones through if_owner', author, { owner: 'author@x.io', allowed: [], shared: 'author@x.io' }],
    ['all of them by role, where shares add nothing', clerk, { allowed: [] }],
    [
      'allowed and shared ones under user permissions',
      held,
      { allowed: [{ fieldname: 'client', values: ['Acme'], orEmpty: true }], shared: 'held@x.io' },
    ],
  ])('are %s', (_, who, expected) => {
    expect(rowConditions(who, NOTE, 'read', childOf)).toEqual(expected)
  })
})

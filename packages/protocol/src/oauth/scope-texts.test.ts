import { describe, expect, it } from 'vitest'
import { scopeTexts } from './scope-texts.ts'
import { describeScope } from './scopes.ts'

// These words are what a person agrees to: each stands here once more, so that none changes by accident.
describe('what a scope is called', () => {
  it.each([
    ['Item:select', 'See the names of Item', 'See names'],
    ['Item:read', 'Read Item', 'Read'],
    ['Item:write', 'Change Item', 'Change'],
    ['Item:create', 'Create Item', 'Create'],
    ['Item:delete', 'Delete Item', 'Delete'],
    ['Item:submit', 'Submit Item', 'Submit'],
    ['Item:cancel', 'Cancel Item', 'Cancel'],
    ['Item:amend', 'Amend Item', 'Amend'],
    ['Item:print', 'Print Item', 'Print'],
    ['Item:email', 'Send Item by e-mail', 'Send by e-mail'],
    ['Item:report', 'Report on Item', 'Report'],
    ['Item:import', 'Import Item', 'Import'],
    ['Item:export', 'Export Item', 'Export'],
    ['Item:share', 'Share Item', 'Share'],
  ])('%s: %s, or %s under a heading', (token, words, alone) => {
    expect(describeScope(token)).toBe(words)
    expect(scopeTexts.en.rights[token.slice('Item:'.length) as 'read'].alone).toBe(alone)
  })

  it.each([
    ['openid', 'Know who you are'],
    ['profile', 'See your name and picture'],
    ['email', 'See your e-mail address'],
    ['roles', 'See your roles'],
    ['offline_access', 'Keep access while you are away'],
    ['all', 'Do everything that you may do, except manage users, permissions and apps'],
    ['method:frappe.ping', 'Call frappe.ping'],
    ['set:sales', 'All that belongs to “sales”'],
    ['*:read', 'Read every kind of document'],
    ['nonsense', 'nonsense'],
  ])('%s: %s', (token, words) => {
    expect(describeScope(token)).toBe(words)
  })
})

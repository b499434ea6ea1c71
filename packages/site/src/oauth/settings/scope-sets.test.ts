import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { checkScopeSets, parseScopeSets } from './scope-sets.ts'

const doctypeOf = (name: string): DocType | undefined => (name === 'Item' ? ({ name } as DocType) : undefined)
const fault = (message: string): object => expect.objectContaining({ excType: 'ValidationError', message }) as object
const work = (values: object): object => ({ work: { title: 'Work', scopes: ['openid'], ...values } })
const scopes = (count: number): string[] => Array.from({ length: count }, (_, i) => `method:erp.m${i}`)
const sets = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, { title: 'S', scopes: ['openid'] }]))

describe('Scope Sets', () => {
  it.each([[null], [undefined], ['']])('that are %j are none', (json) => {
    expect(parseScopeSets(json)).toEqual(new Map())
  })

  it('are read from an object or its text, with the title trimmed and each scope once', () => {
    const json = { work: { title: ' Work ', scopes: ['Item:read', 'openid', 'Item:read'] }, 'B.1_-': { title: 'B', scopes: ['all'] } }
    const read = new Map([
      ['work', { title: 'Work', scopes: ['Item:read', 'openid'] }],
      ['B.1_-', { title: 'B', scopes: ['all'] }],
    ])
    expect(parseScopeSets(json)).toEqual(read)
    expect(parseScopeSets(JSON.stringify(json))).toEqual(read)
  })

  it.each<[json: unknown]>([
    [sets(100)],
    [work({ scopes: scopes(100) })],
    [work({ title: 'x'.repeat(140) })],
    [{ ['n'.repeat(60)]: { title: 'N', scopes: ['openid'] } }],
  ])('may be as large as %j', (json) => {
    expect(parseScopeSets(json).size).toBeGreaterThan(0)
  })

  const name = 'cannot name a set: begin with a letter and go on with letters, digits, _ . or -, 60 at most'
  const title = 'The set work needs a title of 1 to 140 characters'
  const list = 'The set work needs a list of 1 to 100 scopes'
  const text = 'The set work holds something that is no scope; each is a text without blanks'
  it.each<[json: unknown, message: string]>([
    ['{"a":', 'Scope Sets is not valid JSON'],
    ['["a"]', 'Scope Sets must be an object of sets by their names'],
    ['null', 'Scope Sets must be an object of sets by their names'],
    [7, 'Scope Sets must be an object of sets by their names'],
    [sets(101), 'Scope Sets: keep at most 100'],
    [{ '': {} }, ` ${name}`],
    [{ '1a': {} }, `1a ${name}`],
    [{ 'a b': {} }, `a b ${name}`],
    [{ 'a:b': {} }, `a:b ${name}`],
    [{ ['n'.repeat(61)]: {} }, `${'n'.repeat(61)} ${name}`],
    [{ ['n'.repeat(120)]: {} }, `${'n'.repeat(100)} ${name}`],
    [{ work: 'openid' }, 'The set work must be an object with title and scopes'],
    [{ work: ['openid'] }, 'The set work must be an object with title and scopes'],
    [work({ title: undefined }), title],
    [work({ title: 7 }), title],
    [work({ title: ' ' }), title],
    [work({ title: 'x'.repeat(141) }), title],
    [work({ scopes: 'openid' }), list],
    [work({ scopes: [] }), list],
    [work({ scopes: scopes(101) }), list],
    [work({ scopes: ['openid', 7] }), text],
    [work({ scopes: ['openid', ''] }), text],
    [work({ scopes: ['openid all'] }), text],
    [work({ scopes: [' openid'] }), text],
    [work({ scopes: ['openid '] }), text],
  ])('that are %j are refused', (json, message) => {
    expect(() => parseScopeSets(json)).toThrow(fault(message))
  })

  it.each<[scope: string, message: string]>([
    ['set:play', 'The set work holds set:play; a set cannot hold another'],
    ['set:work', 'The set work holds set:work; a set cannot hold another'],
    [`set:${'x'.repeat(120)}`, `The set work holds ${`set:${'x'.repeat(120)}`.slice(0, 100)}; a set cannot hold another`],
    ['Item:*', 'The set work holds the pattern Item:*; name each right'],
    [`${'I'.repeat(120)}:*`, `The set work holds the pattern ${'I'.repeat(100)}; name each right`],
    ['Ghost:read', 'The scope Ghost:read names the DocType Ghost, which this site has not'],
    ['Item:fly', 'Item:fly is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read'],
  ])('may not hold %s', (scope, message) => {
    expect(() => checkScopeSets(parseScopeSets(work({ scopes: ['openid', scope] })), doctypeOf)).toThrow(fault(message))
  })

  it('may hold what this site knows', () => {
    const known = parseScopeSets(work({ scopes: ['openid', 'all', 'Item:read', '*:read', 'method:erp.go'] }))
    expect(() => checkScopeSets(known, doctypeOf)).not.toThrow()
  })
})

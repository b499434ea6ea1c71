import { describe, expect, it } from 'vitest'
import { parseRule } from './expression.ts'

const doc = { status: 'Open', qty: 3, paid: 0, kind: 'a', note: null, text: '', items: [{}, {}], none: [], big: '12', quoted: `it's "so"` }
const parent = { company: 'Acme' }

describe('a rule', () => {
  it.each<[rule: string, holds: boolean]>([
    ['status', true],
    ['paid', false],
    ['note', false],
    ['text', false],
    ['no_such_field', false],
    ['items', true],
    ['none', false],
    ['eval:doc.status', true],
    ['eval:doc.status == "Open"', true],
    ["eval:doc.status=='Open'", true],
    ['eval:doc.status === "Closed"', false],
    ['eval: doc.status != "Closed" ;', true],
    ['eval:doc.status !== "Open"', false],
    ['eval:!doc.paid', true],
    ['eval:!!doc.paid', false],
    ['eval:doc.qty > 2 && doc.qty <= 3', true],
    ['eval:doc.qty < 2 || doc.qty >= 4', false],
    ['eval:doc.paid || doc.qty > 2 && doc.status == "Open"', true],
    ['eval:(doc.paid || doc.qty > 2) && doc.status == "Closed"', false],
    ['eval:doc.qty > -1', true],
    ['eval:doc.qty == "3"', true],
    ['eval:doc.qty === "3"', false],
    ['eval:doc.paid == false', true],
    ['eval:doc.note == null', true],
    ['eval:doc.note == undefined', true],
    ['eval:doc.note == ""', false],
    ['eval:doc.no_such_field === undefined', true],
    ['eval:["a", "b"].includes(doc.kind)', true],
    ['eval:!["a", "b"].includes(doc.kind)', false],
    ['eval:in_list(["x", "y"], doc.kind)', false],
    ['eval:in_list([doc.kind], "a")', true],
    ['eval:doc.status.includes("pen")', true],
    ['eval:doc.items.length > 1', true],
    ['eval:doc.items && doc.items.length == 2', true],
    ['eval:doc.note.length > 0', false],
    ['eval:cint(doc.big) == 12', true],
    ['eval:flt("x") == 0', true],
    ['eval:parent.company == "Acme"', true],
    [`eval:doc.quoted == "it's \\"so\\""`, true],
    ['eval:doc.constructor', false],
    ['eval:doc.__proto__', false],
    ['eval:doc.note > 1', false],
    ['eval:doc.items > 1', false],
    ['eval:[]', true],
  ])('%s is %s', (rule, holds) => {
    expect(parseRule(rule)({ doc, parent })).toBe(holds)
  })

  it('that speaks of a parent holds for no document without one', () => {
    expect(parseRule('eval:parent.company == "Acme"')({ doc })).toBe(false)
  })

  it.each([
    'eval:',
    'eval:doc',
    'eval:doc.',
    'eval:doc.status =',
    'eval:doc.status = "Open"',
    'eval:(doc.status',
    'eval:doc.status)',
    'eval:["a"',
    'eval:["a" "b"]',
    'eval:doc.status; doc.qty',
    'eval:frappe.boot.x',
    'eval:alert(1)',
    'eval:process',
    'eval:constructor',
    'eval:toString',
    'eval:doc["status"]',
    'eval:doc.status.constructor("return 1")()',
    'eval:doc.items.map(x)',
    'eval:`x`',
    'eval:doc.a + 1',
    'eval:"open',
    'eval:in_list(["a"])',
    'eval:1 < 2 < 3',
    'fn:my_function',
    'two words',
    `eval:${'('.repeat(60)}1${')'.repeat(60)}`,
    `eval:doc.a${' '.repeat(1000)}`,
    'eval:--1',
  ])('that cannot be read is refused: %s', (rule) => {
    expect(() => parseRule(rule)).toThrow(SyntaxError)
  })
})

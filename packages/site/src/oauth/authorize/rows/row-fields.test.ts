import { FrappeError } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { docType, field } from '../../../policy/policy.fixture.ts'
import { GUEST } from '../../../policy/principal.ts'
import { choosableDoctypes, faultOfChoices, isRowField, limitRows, readChoices, rowField } from './row-choices.ts'
import { sentenceOfUnseen } from './unseen-choices.ts'

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)

describe('The field for the documents of a DocType', () => {
  it('has its name as a scope has it', () => {
    expect(rowField('Sales Invoice')).toBe('only.Sales.Invoice')
    expect(['only.Item', 'only.', 'onlyItem', 'scope', 'xonly.Item'].map(isRowField)).toEqual([true, true, false, false, false])
  })

  it('is there for what a scope names and reaches, once, where documents are stored that can be named', () => {
    const doctypes = [
      docType('Item', [field('title', 'Data')]),
      docType('Sales Invoice', []),
      docType('Row', [], [], { istable: true }),
      docType('Settings', [], [], { issingle: true }),
    ]
    const doctypeOf = (name: string) => doctypes.find((one) => one.name === name)
    const scopes = [
      'openid',
      'all',
      '*:read',
      'method:a.b',
      'Item:read',
      'Item:write',
      'Sales.Invoice:create',
      'Row:read',
      'Settings:read',
      'Ghost:read',
    ]
    expect(choosableDoctypes(scopes, doctypeOf)).toEqual(['Item'])
    expect(choosableDoctypes(['Sales.Invoice:create', 'Sales.Invoice:read'], doctypeOf)).toEqual(['Sales Invoice'])
  })

  it('is read one name a line, each once, and only of DocTypes that were on the page', () => {
    const form = new URLSearchParams({ 'only.Item': ' A \r\n\r\nB\nA\n  \nC D', 'only.Order': 'x', 'only.Empty': ' \n' })
    expect([...readChoices(form, ['Item', 'Empty', 'Missing'])]).toEqual([
      ['Item', ['A', 'B', 'C D']],
      ['Empty', []],
    ])
  })
})

describe('What is chosen', () => {
  const seen = async (doctype: string, names: readonly string[]): Promise<ReadonlySet<string>> =>
    new Set(names.filter((name) => doctype === 'Item' && !name.startsWith('ghost')))

  it.each<[choices: [string, string[]][], fault: { doctype: string; names: string[] } | undefined]>([
    [[], undefined],
    [[['Item', ['A', 'B']]], undefined],
    [[['Order', []]], undefined],
    [[['Order', ['A']]], { doctype: 'Order', names: ['A'] }],
    [
      [
        ['Item', ['A']],
        ['Order', ['A', 'B']],
      ],
      { doctype: 'Order', names: ['A', 'B'] },
    ],
    [[['Item', ['A', 'ghost 1', 'B', 'ghost 2']]], { doctype: 'Item', names: ['ghost 1', 'ghost 2'] }],
    [[['Item', many(100)]], undefined],
    [[['Item', many(101)]], { doctype: 'Item', names: ['n100'] }],
    [[['Item', many(103)]], { doctype: 'Item', names: ['n100'] }],
    [[['Item', ['x'.repeat(140)]]], undefined],
    [[['Item', ['A', 'x'.repeat(141)]]], { doctype: 'Item', names: ['x'.repeat(141)] }],
  ])('can be chosen, or is said to be none (%#)', async (choices, fault) => {
    expect(await faultOfChoices(new Map(choices), seen)).toEqual(fault)
  })

  type Row = Readonly<Record<string, unknown>>
  const listing = (list: (names: readonly string[]) => Row[]) => ({
    list: async (_: unknown, { filters }: { filters?: readonly { value: unknown }[] }) => list(filters?.[0]?.value as string[]),
  })
  const sentence = (names: string[], list: (names: readonly string[]) => Row[]): Promise<string | undefined> =>
    sentenceOfUnseen(listing(list), GUEST, new Map([['Item', names]]))
  const all = (names: readonly string[]): Row[] => names.map((name) => ({ name }))

  it('is told in a sentence, with five names at most', async () => {
    const of = (names: string): string =>
      `There is no Item that you may see with the name ${names}. Nothing was allowed yet: check the names, at most 100 of them.`
    expect(await sentence(['A', 'B'], all)).toBeUndefined()
    expect(await sentence(['A', 'B'], () => all(['A']))).toBe(of('B'))
    expect(await sentence(many(6), () => [])).toBe(of('n0, n1, n2, n3, n4'))
    expect(await sentence(['$&', '$1'], () => [])).toBe(of('$&, $1'))
    expect(
      await sentence(
        many(3).map((name) => name + 'x'.repeat(130)),
        () => [],
      ),
    ).toBe(
      of(
        many(3)
          .map((name) => name + 'x'.repeat(130))
          .join(', ')
          .slice(0, 300),
      ),
    )
  })

  it('is unseen by who may list none of it, and a fault stays a fault', async () => {
    const throwing = (error: Error) => (): Row[] => {
      throw error
    }
    expect(await sentence(['A'], throwing(new FrappeError('PermissionError', 'No')))).toContain('with the name A.')
    await expect(sentence(['A'], throwing(new Error('the disk is full')))).rejects.toThrow('the disk is full')
  })

  it('holds under openid too, of an app of old whose openid reads documents', () => {
    const choices = new Map([['Item', ['A']]])
    const filters = '{"Item":[["name","in",["A"]]]}'
    expect(limitRows(['openid'], [], choices, true)).toEqual({ granted: ['openid'], filters })
    expect(limitRows(['openid'], [], choices)).toEqual({ granted: ['openid'], filters: undefined })
    expect(limitRows(['email'], [], choices, true)).toEqual({ granted: ['email'], filters: undefined })
    expect(limitRows(['*:read'], [], choices)).toEqual({ granted: ['*:read'], filters })
  })
})

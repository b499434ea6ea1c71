import { OPERATORS, isTreeOperator, type Filter, type Operator } from '@annex/protocol'
import fc from 'fast-check'
import { SPANS } from './filter-reference.ts'

const LENGTHS = ['1 week', '1 month', '3 months', '6 months', '1 year']
const ODD = [
  null,
  '',
  'zz',
  '0',
  '1',
  '1,000',
  0,
  1,
  -1,
  0.5,
  10,
  true,
  false,
  [],
  ['a'],
  { a: 1 },
  '2026-02-18',
  '2026-02-30',
  '2026-02-18 12:30:00',
]
const DATED_PATTERNS = ['2026%', '2026-02%', '2026-02-18%', '%2026-02-18%', '2026-02-%', '2025-%', '%', '2026-02-18 %', '2026-13%', '%18%']

const SPANNED: ReadonlySet<Operator> = new Set(['timespan', 'previous', 'next'])

/** A value as a list shows it. */
export type Shown = string | number | null

/** What a filter may be about: a field, the values that documents have there, and which operators are more than a mistake. */
export interface Filtered {
  readonly fieldname: string
  readonly values: readonly Shown[]
  readonly dated: boolean
  readonly tree: boolean
}

/** Filters whose operands are mostly values that some document has, or what is like them. */
export function randomFilter(fields: readonly Filtered[]): fc.Arbitrary<Filter> {
  return fc.constantFrom(...fields).chain(({ fieldname, values, dated, tree }) => {
    const fitting = OPERATORS.filter((operator) => (dated || !SPANNED.has(operator)) && (tree || !isTreeOperator(operator)))
    const operators = fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...fitting) }, fc.constantFrom(...OPERATORS))
    return operators.chain((operator) => operand(operator, values).map((value) => ({ fieldname, operator, value })))
  })
}

function operand(operator: Operator, values: readonly Shown[]): fc.Arbitrary<unknown> {
  const scalar = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...values) }, fc.constantFrom(...ODD))
  if (operator === 'in' || operator === 'not in')
    return fc.oneof(
      fc.array(scalar, { maxLength: 4 }),
      scalar,
      fc.array(fc.constantFrom(...values), { maxLength: 3 }).map((list) => list.join(', ')),
    )
  if (operator === 'between') return fc.oneof({ weight: 8, arbitrary: fc.tuple(scalar, scalar) }, fc.tuple(scalar), scalar)
  if (operator === 'is') return fc.oneof({ weight: 8, arbitrary: fc.constantFrom('set', 'not set', 'Set', ' NOT SET ') }, scalar)
  if (operator === 'timespan') return fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...Object.keys(SPANS)) }, scalar)
  if (operator === 'previous' || operator === 'next') return fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...LENGTHS) }, scalar)
  if (operator === 'like' || operator === 'not like')
    return fc.oneof({ weight: 4, arbitrary: pattern(values) }, fc.constantFrom(...DATED_PATTERNS), scalar)
  return scalar
}

/** A value that some document has, with letters replaced. */
const pattern = (values: readonly Shown[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...values), fc.constantFrom('%', '_', ''), fc.nat(6), fc.boolean()).map(([value, wildcard, at, loud]) => {
    const letters = [...String(value)]
    if (wildcard !== '') letters.splice(at, wildcard === '%' ? 3 : 1, wildcard)
    return loud ? letters.join('').toUpperCase() : letters.join('').toLowerCase()
  })

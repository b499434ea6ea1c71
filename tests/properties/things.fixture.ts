import { FIELD_KINDS, type Values, type ValueFieldType } from '@annex/protocol'
import fc from 'fast-check'

const WITHOUT: ReadonlySet<string> = new Set(['Table', 'Table MultiSelect', 'Password'])
/** Every type of field that has a value of its own and may be in anybody’s DocType, each as one field. */
export const TYPES = Object.keys(FIELD_KINDS).filter((type) => !WITHOUT.has(type)) as ValueFieldType[]

export const nameOf = (type: ValueFieldType): string => `a_${type.toLowerCase().replaceAll(' ', '_')}`

const TEXTS = ['a', 'A', 'ab', 'Äb', 'äB', 'a%b', 'a_b', 'a\\b', '10', '9', 'ΟΔΟΣ', 'οδος', '\u{FFFD}', '😀', 'b c']
const DATES = ['2026-02-14', '2026-02-15', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-21', '2026-01-31', '2025-12-31', '2026-04-01']
const TIMES = ['0:00:00', '9:05:00', '12:00:00.5', '23:59:59.999999']
const NUMBERS = [0, 1, -1, 2, 10, 100]
const DECIMALS = [0, 0.1, 0.3, -0.5, 1, 10.5, 100, 1e-9]

/** Few values for each type, so that filters hit. */
const POOLS: Partial<Record<ValueFieldType, readonly unknown[]>> = {
  Link: ['Unit A', 'Unit B'],
  'Dynamic Link': ['Unit A', 'Unit B'],
  Select: ['Open', 'open?', 'Shut'],
  Color: ['#ff0000', '#00ff00'],
  Phone: ['+43 1 58858', '+49 30 1234'],
  Int: NUMBERS,
  Check: [0, 1],
  Float: DECIMALS,
  Currency: DECIMALS,
  Percent: DECIMALS,
  Rating: [0, 0.4, 1],
  Duration: [0, 60, 3600],
  Date: DATES,
  Datetime: DATES.flatMap((day) => [`${day} 00:00:00`, `${day} 23:59:59.999999`, `${day} 12:30:00`]),
  Time: TIMES,
  JSON: ['{"a": 1}', '[]'],
  Geolocation: ['{"type": "FeatureCollection", "features": []}', '{}'],
  Attach: ['/files/a.png', '/private/files/b.png'],
  'Attach Image': ['/files/a.png', '/files/b.png'],
}
const poolOf = (type: ValueFieldType): readonly unknown[] => POOLS[type] ?? TEXTS

const OPTIONS: Partial<Record<ValueFieldType, string>> = {
  Link: 'Thing Unit',
  'Dynamic Link': 'kind',
  Select: 'Open\nopen?\nShut',
}

export const UNIT: Values = { name: 'Thing Unit', module: 'Custom', custom: 1, autoname: 'prompt', fields: [] }

/** A tree, so that its own documents can be asked for by what is above them. */
export const THING: Values = {
  name: 'Thing',
  module: 'Custom',
  custom: 1,
  autoname: 'prompt',
  is_tree: 1,
  nsm_parent_field: 'above',
  fields: [
    { fieldname: 'kind', fieldtype: 'Link', options: 'DocType' },
    { fieldname: 'above', fieldtype: 'Link', options: 'Thing' },
    ...TYPES.map((type) => ({ fieldname: nameOf(type), fieldtype: type, label: type, options: OPTIONS[type] ?? '' })),
  ],
}

/** Documents in which each value is one of a few, or none. */
export function things(count: number, seed: number): Values[] {
  const fields = Object.fromEntries(
    TYPES.map((type) => [nameOf(type), fc.option(fc.constantFrom(...poolOf(type)), { nil: undefined, freq: 4 })]),
  )
  const bodies = fc.sample(fc.record({ ...fields, above: fc.nat() }), { numRuns: count, seed })
  return bodies.map(({ above, ...values }, index) => ({
    ...values,
    name: `T${String(index).padStart(3, '0')}`,
    kind: 'Thing Unit',
    ...(index > 2 && above % 4 > 0 ? { above: `T${String(above % index).padStart(3, '0')}` } : {}),
  }))
}

import { fieldKind, type DocField, type DocType } from '@annex/protocol'
import { isDynamicDefault } from '../../doctypes/values/defaults.ts'
import { DECIMAL_BOUND, largestInt } from '../../doctypes/values/numbers.ts'

/** A piece of JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>

/** A DocType with the fields that somebody may read, and those that they may set. */
export interface SeenDocType {
  readonly doctype: DocType
  readonly readable: ReadonlySet<string>
  readonly writable: ReadonlySet<string>
}

/** The name of a DocType among the schemas: only letters, digits, dots, hyphens and underscores may stand there. */
export const schemaName = (doctype: string): string => doctype.replaceAll(' ', '.')
/** No DocType begins with an underscore, so these are never taken for one. */
const valuesName = (doctype: string): string => `_values.${schemaName(doctype)}`
const insertName = (doctype: string): string => `_insert.${schemaName(doctype)}`
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

/** References to the schemas of a DocType's documents. */
export const documentRef = (doctype: string): Schema => ref(schemaName(doctype))
export const valuesRef = (doctype: string): Schema => ref(valuesName(doctype))
export const insertRef = (doctype: string): Schema => ref(insertName(doctype))

/** What callers send: a day that is one, and a time as a clock shows it. */
const DAY = '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
const CLOCK = '([01]?[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?'
const DATETIME = `^${DAY} ${CLOCK}$`
const SHORT = 140

/** The schemas of one DocType: its documents, what may be set of them, and what a new one needs. */
export function documentSchemas(seen: SeenDocType): Record<string, Schema> {
  const { doctype } = seen
  const [values, fixed] = [propertiesOf(seen, seen.writable), propertiesOf(seen, readOnly(seen))]
  const rows = doctype.fields.filter((field) => fieldKind(field) === 'table' && seen.readable.has(field.fieldname))
  const whole = Object.fromEntries(rows.map((field) => [field.fieldname, { type: 'array', items: documentRef(field.options) }]))
  return {
    [schemaName(doctype.name)]: {
      title: doctype.name,
      ...(doctype.description === '' ? {} : { description: doctype.description }),
      allOf: [ref(doctype.istable ? '_row' : standardOf(doctype)), valuesRef(doctype.name)],
      properties: { ...fixed, ...whole, doctype: { const: doctype.name } },
    },
    [valuesName(doctype.name)]: { type: 'object', properties: values },
    ...(doctype.istable ? {} : { [insertName(doctype.name)]: newDocument(seen) }),
  }
}

function newDocument({ doctype, writable }: SeenDocType): Schema {
  const needed = doctype.fields.filter((field) => writable.has(field.fieldname) && mustBeSent(field)).map((field) => field.fieldname)
  const prompted = doctype.autoname.toLowerCase() === 'prompt'
  const required = [...needed, ...(prompted ? ['__newname'] : [])]
  return {
    allOf: [valuesRef(doctype.name)],
    ...(required.length === 0 ? {} : { required }),
    ...(prompted ? { properties: { __newname: { type: 'string', minLength: 1, maxLength: SHORT, description: 'Its name' } } } : {}),
  }
}

/** Whether nothing else fills the field: no default, no link that it is fetched from, no first choice. */
const mustBeSent = (field: DocField): boolean =>
  field.reqd && field.default === null && field.fetch_from === '' && field.fieldtype !== 'Select' && field.fieldtype !== 'Time'

const readOnly = ({ readable, writable }: SeenDocType): ReadonlySet<string> =>
  new Set([...readable].filter((fieldname) => !writable.has(fieldname)))

function propertiesOf({ doctype }: SeenDocType, fieldnames: ReadonlySet<string>): Record<string, Schema> {
  const fields = doctype.fields.filter((field) => fieldKind(field) !== undefined && fieldnames.has(field.fieldname))
  const docstatus = doctype.is_submittable
    ? { docstatus: { enum: [0, 1, 2], description: '1 submits a draft, 2 cancels what is submitted' } }
    : {}
  const rowName = doctype.istable ? { name: { type: 'string', description: 'Of a row that is there already' } } : {}
  const own = Object.fromEntries(fields.map((field) => [field.fieldname, { ...described(field), ...valueSchema(field) }]))
  return fieldnames.size === 0 ? own : { ...rowName, ...own, ...docstatus }
}

function described(field: DocField): Schema {
  const { label, description, default: value } = field
  const literal = value === null || isDynamicDefault(value) ? undefined : isNumeric(field) ? Number(value) : value
  return {
    title: label,
    ...(description === '' ? {} : { description }),
    ...(literal === undefined || Number.isNaN(literal) ? {} : { default: literal }),
  }
}

const isNumeric = (field: DocField): boolean => ['int', 'check', 'decimal'].includes(fieldKind(field) ?? '')

function valueSchema(field: DocField): Schema {
  const kind = fieldKind(field)
  if (kind === 'table') return { type: 'array', items: valuesRef(field.options) }
  if (kind === 'check') return { enum: [0, 1] }
  if (kind === 'int') return { type: 'integer', minimum: field.non_negative ? 0 : -largestInt(field), maximum: largestInt(field) }
  if (kind === 'decimal') return decimalSchema(field)
  const schema = textSchema(field)
  if (field.reqd) return schema
  return schema['enum'] === undefined ? { ...schema, type: ['string', 'null'] } : { enum: [...(schema['enum'] as unknown[]), null] }
}

function decimalSchema({ fieldtype, non_negative }: DocField): Schema {
  if (fieldtype === 'Rating') return { type: 'number', minimum: 0, maximum: 1 }
  return { type: 'number', ...(non_negative ? { minimum: 0 } : { exclusiveMinimum: -DECIMAL_BOUND }), exclusiveMaximum: DECIMAL_BOUND }
}

function textSchema(field: DocField): Schema {
  const type = { type: 'string' }
  switch (fieldKind(field)) {
    case 'date':
      return { ...type, format: 'date' }
    case 'datetime':
      return { ...type, pattern: DATETIME }
    case 'time':
      return { ...type, pattern: `^${CLOCK}$` }
    case 'json':
      return { ...type, contentMediaType: 'application/json' }
    case 'password':
      // Not writeOnly, which would keep it out of answers.
      return { ...type, format: 'password', description: 'Shown as asterisks', ...(field.length > 0 ? { maxLength: field.length } : {}) }
    case 'text':
      return { ...type, ...(field.length > 0 ? { maxLength: field.length } : {}) }
    default:
      return choices(field) ?? { ...type, maxLength: field.length || SHORT, ...formatOf(field) }
  }
}

/** Of a naming series any may be sent, not only one that is offered. */
function choices(field: DocField): Schema | undefined {
  if (field.fieldtype !== 'Select' || field.fieldname === 'naming_series') return undefined
  const options = [...new Set(field.options.split('\n').map((option) => option.trim()))]
  if (!options.some(Boolean)) return undefined
  const offered = options.filter((option) => option !== '')
  return { enum: field.reqd ? offered : ['', ...offered] }
}

function formatOf(field: DocField): Schema {
  if (field.fieldtype === 'Link') return { description: `The name of a ${field.options}` }
  if (field.fieldtype === 'Dynamic Link') return { description: `The name of a document; ${field.options} says of which DocType` }
  if (field.fieldtype === 'Phone' || (field.fieldtype === 'Data' && field.options === 'Phone'))
    return { pattern: '^\\+?[0-9 ()./#*-]{3,30}$' }
  if (field.fieldtype !== 'Data') return {}
  return field.options === 'Email' ? { format: 'email' } : field.options === 'URL' ? { format: 'uri' } : {}
}

function standardOf(doctype: DocType): string {
  if (doctype.issingle) return '_single'
  return doctype.autoname.toLowerCase() === 'autoincrement' ? '_numbered' : '_named'
}

const user = { type: 'string', description: 'A User' }
const time = { type: 'string', pattern: '^[0-9]{4,}-[0-9]{2}-[0-9]{2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?$' }

const TIMES = ['creation', 'modified']

const standard = (name: Schema, times: readonly string[] = TIMES): Schema => ({
  type: 'object',
  required: ['name', 'owner', ...times, 'modified_by', 'docstatus', 'idx', 'doctype'],
  properties: {
    name,
    owner: user,
    creation: time,
    modified: { ...time, description: 'Sent back with an update, it refuses one that others have overtaken' },
    modified_by: user,
    docstatus: { enum: [0, 1, 2], description: '0 draft, 1 submitted, 2 cancelled' },
    idx: { type: 'integer' },
    doctype: { type: 'string' },
  },
})

const text = { type: 'string' }

/** What every document has, and every row besides. The site sets it. */
export const STANDARD_SCHEMAS: Readonly<Record<string, Schema>> = {
  _named: standard({ type: 'string', description: 'Tells it from all others of its DocType' }),
  _numbered: standard({ type: 'integer', description: 'Tells it from all others of its DocType' }),
  // Before it is saved for the first time it has its defaults, and no times.
  _single: standard({ type: 'string', description: 'The name of the DocType' }, []),
  _row: {
    allOf: [ref('_named')],
    type: 'object',
    required: ['parent', 'parentfield', 'parenttype'],
    properties: { parent: text, parentfield: text, parenttype: text },
  },
}

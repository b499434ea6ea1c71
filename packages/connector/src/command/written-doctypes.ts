import { FIELD_KINDS, typeNames, writeInterface, writeKey, writeUnion, type ValueFieldType, type WrittenProperty } from '@annex/protocol'
import type { DocTypeMeta, FieldMeta } from '../core/upstream/types.ts'

/** A DocType and those of its rows. */
export interface DescribedDocType {
  readonly doctype: DocTypeMeta
  readonly rows: readonly DocTypeMeta[]
}

const HEAD = '// Written by annex-connector types. Write it again when a DocType changes.'

/**
 * Interfaces of DocTypes and their rows, and what makes the client know them by name. The same definitions give the same text.
 */
export function writeDocTypes(described: readonly DescribedDocType[]): string {
  const metas = new Map<string, DocTypeMeta>()
  for (const { doctype } of described) metas.set(doctype.name, doctype)
  for (const { rows } of described) for (const row of rows) if (!metas.has(row.name)) metas.set(row.name, row)
  const names = typeNames([...metas.keys()])
  const interfaces = [...metas.values()].map((meta) =>
    writeInterface({ name: names.get(meta.name)!, comment: [meta.name, meta['description']], properties: propertiesOf(meta, names) }),
  )
  const known = [...metas.keys()].map((name) => `    ${writeKey(name)}: ${names.get(name)}\n`)
  return [`${HEAD}\n`, ...interfaces, `declare module '@annex/connector' {\n  interface DocTypes {\n${known.join('')}  }\n}\n`].join('\n')
}

function propertiesOf(meta: DocTypeMeta, names: ReadonlyMap<string, string>): WrittenProperty[] {
  const own = standardOf(meta)
  const taken = new Set(own.map(({ key }) => key))
  for (const field of meta.fields) {
    const type = typeOf(field, names)
    if (type === undefined || taken.has(field.fieldname)) continue
    taken.add(field.fieldname)
    own.push({ key: field.fieldname, type, comment: [field.label, field['description'], hintOf(field)] })
  }
  return own
}

const standardOf = (meta: DocTypeMeta): WrittenProperty[] => {
  const { autoname } = meta
  const numbered = typeof autoname === 'string' && autoname.toLowerCase() === 'autoincrement'
  const row = meta['istable'] === 1 ? ['parent', 'parentfield', 'parenttype'] : []
  return [
    { key: 'name', type: numbered ? 'number' : 'string', comment: ['Tells it from all others of its DocType'] },
    { key: 'owner', type: 'string', comment: ['A User'] },
    { key: 'creation', type: 'string', comment: ['As `2026-11-22 09:30:00.000000`, in the zone of the site'] },
    { key: 'modified', type: 'string', comment: ['As creation. Sent back with an update, it refuses one that others have overtaken'] },
    { key: 'modified_by', type: 'string', comment: ['A User'] },
    { key: 'docstatus', type: writeUnion([0, 1, 2]), comment: ['0 draft, 1 submitted, 2 cancelled'] },
    { key: 'idx', type: 'number', comment: [] },
    { key: 'doctype', type: writeUnion([meta.name]), comment: [] },
    ...row.map((key) => ({ key, type: 'string', comment: [] })),
  ]
}

/** Undefined for what only lays out a form, or is of a kind that is not known. */
function typeOf({ fieldtype, options = '', reqd, ...field }: FieldMeta, names: ReadonlyMap<string, string>): string | undefined {
  if (!Object.hasOwn(FIELD_KINDS, fieldtype)) return undefined
  const kind = FIELD_KINDS[fieldtype as ValueFieldType]
  if (kind === 'table') return `${names.get(options) ?? 'Record<string, unknown>'}[]`
  if (kind === 'check') return writeUnion([0, 1])
  if (kind === 'int' || kind === 'decimal') return 'number'
  const type = fieldtype === 'Select' && field.fieldname !== 'naming_series' ? choices(options, reqd === 1) : 'string'
  return reqd === 1 ? type : `${type} | null`
}

function choices(options: string, needed: boolean): string {
  const offered = [...new Set(options.split('\n').map((option) => option.trim()))].filter((option) => option !== '')
  return offered.length === 0 ? 'string' : writeUnion(needed ? offered : ['', ...offered])
}

const hintOf = ({ fieldtype, options }: FieldMeta): string | undefined =>
  fieldtype === 'Link' && options !== undefined ? `The name of a ${options}` : undefined

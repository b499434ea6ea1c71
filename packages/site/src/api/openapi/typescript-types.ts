import { isRecord, typeNames, writeInterface, writeUnion, type WrittenInterface } from '@annex/protocol'
import { schemaName, type Schema } from './document-schema.ts'

type Schemas = Readonly<Record<string, unknown>>

/**
 * TypeScript interfaces for documents, from the schemas of an OpenAPI document; row types come along. The same schemas give
 * the same text.
 *
 * @throws {Error} for a DocType that is not among the schemas
 */
export function writeTypes(schemas: Schemas, doctypes: readonly string[]): string {
  const wanted = new Set<string>()
  for (const doctype of doctypes) {
    if (!isRecord(schemas[schemaName(doctype)])) throw new Error(`there is no DocType ${doctype}, or you may not see it`)
    wanted.add(schemaName(doctype))
  }
  // A set goes on to what is added to it meanwhile: the row types of those before.
  for (const name of wanted) for (const row of rowTypes(propertiesOf(schemas, name))) wanted.add(row)
  const names = typeNames([...wanted])
  const interfaces = [...wanted].map((name) => writeInterface(interfaceOf(schemas, name, names)))
  return [`${HEAD}\n`, ...interfaces].join('\n')
}

const HEAD = '// Written by annex types. Write it again when a DocType changes.'

/** The properties of a schema with those of all that it is made of; what it says itself counts. */
function propertiesOf(schemas: Schemas, name: string): Record<string, Schema> {
  const schema = schemas[name]
  if (!isRecord(schema)) return {}
  const parts = Array.isArray(schema['allOf']) ? schema['allOf'].flatMap((part) => referenced(part) ?? []) : []
  const own = isRecord(schema['properties']) ? schema['properties'] : {}
  return { ...Object.assign({}, ...parts.map((part) => propertiesOf(schemas, part))), ...own } as Record<string, Schema>
}

const REFERENCE = '#/components/schemas/'
function referenced(schema: unknown): string | undefined {
  const target = isRecord(schema) ? schema['$ref'] : undefined
  return typeof target === 'string' && target.startsWith(REFERENCE) ? target.slice(REFERENCE.length) : undefined
}

const rowTypes = (properties: Readonly<Record<string, Schema>>): string[] =>
  Object.values(properties).flatMap((schema) => referenced(schema['items']) ?? [])

function interfaceOf(schemas: Schemas, name: string, names: ReadonlyMap<string, string>): WrittenInterface {
  const { title, description } = schemas[name] as { title?: string; description?: string }
  const properties = Object.entries(propertiesOf(schemas, name)).map(([key, schema]) => ({
    key,
    type: typeOf(schema, names),
    comment: [schema['title'], schema['description']],
  }))
  return { name: names.get(name)!, comment: [title, description], properties }
}

function typeOf(schema: Schema, names: ReadonlyMap<string, string>): string {
  if ('const' in schema) return writeUnion([schema['const']])
  if (Array.isArray(schema['enum'])) return writeUnion(schema['enum'])
  const types = [schema['type'] ?? 'unknown'].flat().map(String)
  return types.map((type) => WORDS[type] ?? (type === 'array' ? rowsOf(schema, names) : 'unknown')).join(' | ')
}

const WORDS: Readonly<Record<string, string>> = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', null: 'null' }

const rowsOf = (schema: Schema, names: ReadonlyMap<string, string>): string =>
  `${names.get(referenced(schema['items']) ?? '') ?? 'unknown'}[]`

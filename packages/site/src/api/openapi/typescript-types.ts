import { isRecord } from '@annex/protocol'
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
  const interfaces = [...wanted].map((name) => writeInterface(schemas, name, names))
  return [`${HEAD}\n`, ...interfaces].join('\n')
}

const HEAD = '// Written by annex types. Write it again when a DocType changes.'

/** `Sales.Invoice` → `SalesInvoice`; of two that would be called alike the later gets a number. */
function typeNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  return new Map(
    names.map((name) => {
      const bare = name.replaceAll(/(?:^|[._-])([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, '')
      let [unique, number] = [bare, 2]
      while (taken.has(unique)) unique = `${bare}${number++}`
      taken.add(unique)
      return [name, unique] as const
    }),
  )
}

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

function writeInterface(schemas: Schemas, name: string, names: ReadonlyMap<string, string>): string {
  const { title, description } = schemas[name] as { title?: string; description?: string }
  const properties = Object.entries(propertiesOf(schemas, name)).map(([key, schema]) => writeProperty(key, schema, names))
  return `${comment([title, description], '')}export interface ${names.get(name)} {\n${properties.join('')}}\n`
}

function writeProperty(key: string, schema: Schema, names: ReadonlyMap<string, string>): string {
  const type = typeOf(schema, names)
  // What is empty is left out of some answers and null in others.
  const optional = type.endsWith(' | null') ? '?' : ''
  const shown = /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key)
  return `${comment([schema['title'], schema['description']], '  ')}  ${shown}${optional}: ${type}\n`
}

function comment(lines: readonly unknown[], indent: string): string {
  const said = lines.filter((line) => typeof line === 'string' && line !== '').join('. ')
  return said === '' ? '' : `${indent}/** ${said.replaceAll('*/', '*\u200b/').replaceAll(/\s+/g, ' ')} */\n`
}

function typeOf(schema: Schema, names: ReadonlyMap<string, string>): string {
  if ('const' in schema) return JSON.stringify(schema['const'])
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' | ')
  const types = [schema['type'] ?? 'unknown'].flat().map(String)
  return types.map((type) => WORDS[type] ?? (type === 'array' ? rowsOf(schema, names) : 'unknown')).join(' | ')
}

const WORDS: Readonly<Record<string, string>> = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', null: 'null' }

const rowsOf = (schema: Schema, names: ReadonlyMap<string, string>): string =>
  `${names.get(referenced(schema['items']) ?? '') ?? 'unknown'}[]`

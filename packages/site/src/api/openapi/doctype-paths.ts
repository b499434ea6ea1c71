import { documentScope, isTableField, type Right } from '@annex/protocol'
import { documentRef, documentSchemas, insertRef, schemaName, valuesRef, type Schema } from './document-schema.ts'
import { errorResponses, json, parameter, response } from './shared-components.ts'
import type { Sight } from './sight.ts'

export interface PathsAndComponents {
  readonly paths: Record<string, Schema>
  readonly schemas: Record<string, Schema>
  readonly parameters: Record<string, Schema>
  readonly responses: Record<string, Schema>
}

/** The operations of one DocType that its reader may use, in both versions of the API. */
export function doctypePaths(sight: Sight): PathsAndComponents {
  const { doctype } = sight
  const name = schemaName(doctype.name)
  const encoded = encodeURIComponent(doctype.name)
  const paths = Object.fromEntries(
    VERSIONS.flatMap((version) => {
      const [many, one] = [manyOf(sight, version), oneOf(sight, version)]
      return [
        ...(Object.keys(many).length > 0 ? [[`${version.base}/${encoded}`, many] as const] : []),
        ...(Object.keys(one).length > 0 ? [[`${version.base}/${encoded}/{name}`, { parameters: [NAME], ...one }] as const] : []),
      ]
    }),
  )
  const listed = ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', ...columnsSeen(sight)]
  return {
    paths,
    schemas: { ...documentSchemas(sight), [`_fields.${name}`]: { enum: listed }, [`_filters.${name}`]: filtersSchema(name) },
    parameters: {
      [`fields.${name}`]: jsonParameter('fields', 'The fields of a row; name alone when absent', { type: 'array', items: fieldsRef(name) }),
      [`filters.${name}`]: jsonParameter('filters', 'All must hold', filtersRef(name)),
      [`or_filters.${name}`]: jsonParameter('or_filters', 'One of them must hold', filtersRef(name)),
    },
    responses: {
      [name]: {
        description: `The ${doctype.name}, without what is empty`,
        content: json({ type: 'object', required: ['data'], properties: { data: documentRef(doctype.name) } }),
      },
    },
  }
}

interface Version {
  readonly number: 1 | 2
  readonly base: string
  readonly prefix: string
  readonly paging: readonly string[]
}

const VERSIONS: readonly Version[] = [
  { number: 1, base: '/api/resource', prefix: '', paging: ['limit_start', 'limit_page_length'] },
  { number: 2, base: '/api/v2/document', prefix: 'v2.', paging: ['start', 'limit'] },
]

const NAME: Schema = { name: 'name', in: 'path', required: true, schema: { type: 'string', minLength: 1, maxLength: 140 } }

const fieldsRef = (name: string): Schema => ({ $ref: `#/components/schemas/_fields.${name}` })
const filtersRef = (name: string): Schema => ({ $ref: `#/components/schemas/_filters.${name}` })
const jsonParameter = (name: string, description: string, of: Schema): Schema => ({ name, in: 'query', description, content: json(of) })

/** Triples of field, operator and value. */
const filtersSchema = (name: string): Schema => ({
  type: 'array',
  items: {
    type: 'array',
    prefixItems: [fieldsRef(name), { $ref: '#/components/schemas/_operator' }, {}],
    minItems: 3,
    maxItems: 3,
  },
})

const columnsSeen = ({ doctype, readable }: Sight): string[] =>
  doctype.fields.filter((field) => readable.has(field.fieldname) && !isTableField(field)).map((field) => field.fieldname)

/** An operation that needs a right; none without it. */
function operation(sight: Sight, right: Right, version: Version, verb: string, rest: Schema): Schema | undefined {
  if (!sight.rights.has(right)) return undefined
  const { name } = sight.doctype
  return {
    operationId: `${version.prefix}${verb}.${schemaName(name)}`,
    tags: [name],
    summary: `${verb[0]?.toUpperCase()}${verb.slice(1)} ${name}`,
    security: [{ oauth2: [documentScope(name, right)] }, { apiKey: [] }, { session: [] }],
    ...rest,
  }
}

const present = (operations: Readonly<Record<string, Schema | undefined>>): Record<string, Schema> =>
  Object.fromEntries(Object.entries(operations).filter((entry): entry is [string, Schema] => entry[1] !== undefined))

function manyOf(sight: Sight, version: Version): Record<string, Schema> {
  const { doctype } = sight
  if (doctype.issingle) return {}
  const name = schemaName(doctype.name)
  const own = ['fields', 'filters', 'or_filters'].map((each) => parameter(`${each}.${name}`))
  const parameters = [...own, ...['order_by', 'group_by', 'distinct', ...version.paging].map(parameter)]
  const list = { parameters, responses: { 200: response(`${version.prefix}List`), ...errorResponses('read', version.number) } }
  return present({
    get: operation(sight, sight.rights.has('read') ? 'read' : 'select', version, 'list', list),
    post: doctype.virtual
      ? undefined
      : operation(sight, 'create', version, 'insert', {
          requestBody: { required: true, content: json(insertRef(doctype.name)) },
          responses: { 200: response(name), ...errorResponses('write', version.number) },
        }),
  })
}

function oneOf(sight: Sight, version: Version): Record<string, Schema> {
  const { doctype } = sight
  const document = response(schemaName(doctype.name))
  const update = operation(sight, 'write', version, 'update', {
    requestBody: { required: true, content: json(valuesRef(doctype.name)) },
    responses: { 200: document, ...errorResponses('write', version.number) },
  })
  const remove = operation(sight, 'delete', version, 'remove', {
    responses: { 202: response('Removed'), ...errorResponses('write', version.number) },
  })
  return present({
    get: operation(sight, 'read', version, 'read', { responses: { 200: document, ...errorResponses('read', version.number) } }),
    put: doctype.virtual ? undefined : update,
    delete: doctype.virtual || doctype.issingle ? undefined : remove,
  })
}

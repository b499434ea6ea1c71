import { OPERATORS, describeScope, documentScope } from '@annex/protocol'
import { STANDARD_SCHEMAS, type Schema } from './document-schema.ts'
import type { Sight } from './sight.ts'

export const response = (name: string): Schema => ({ $ref: `#/components/responses/${name}` })
export const parameter = (name: string): Schema => ({ $ref: `#/components/parameters/${name}` })
const schema = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
export const json = (body: Schema): Schema => ({ 'application/json': { schema: body } })

const text = { type: 'string' }

const ERRORS: Readonly<Record<string, string>> = {
  400: 'The request cannot be read',
  401: 'The credentials that were sent are not good',
  403: 'The caller may not do this, or has not signed in',
  404: 'There is no such document, DocType or method',
  409: 'The name is taken, or may not be one',
  413: 'The body is too large',
  414: 'The address is too long',
  415: 'The media type of the body is not known',
  417: 'A value is wrong; the message says which and how to write it',
  431: 'The address and headers are too long; send arguments in the body',
  429: 'Too many requests; the header Retry-After says when to try again',
  501: 'The site sends no mail',
}

/** 429: who is held to a budget may be told so anywhere. */
const READING = ['400', '401', '403', '404', '414', '415', '417', '429', '431']
const WRITING = [...READING, '409', '413']

/** What may come instead of an answer; `v2` has a shape of its own. */
export function errorResponses(kind: 'read' | 'write', version: 1 | 2): Record<string, Schema> {
  const statuses = kind === 'read' ? READING : WRITING
  // Headers that are too long are refused before their address is known.
  return Object.fromEntries(
    statuses.toSorted().map((status) => [status, response(version === 1 || status === '431' ? status : `v2.${status}`)]),
  )
}

const inQuery = (name: string, description: string, of: Schema): Schema => ({ name, in: 'query', description, schema: of })
const page = (name: string, description: string): Schema => inQuery(name, description, { type: 'integer', minimum: 0, maximum: 1000 })

/** Parameters of every list. */
const PARAMETERS: Readonly<Record<string, Schema>> = {
  order_by: inQuery('order_by', 'Fields with asc or desc, apart by commas; modified desc when absent', {
    ...text,
    examples: ['modified desc'],
  }),
  group_by: inQuery('group_by', 'Fields apart by commas', text),
  distinct: inQuery('distinct', 'Each row once', { enum: ['0', '1', 'true', 'false'] }),
  limit_start: page('limit_start', 'How many rows to pass over'),
  limit_page_length: page('limit_page_length', 'How many rows to answer: 20 when absent, all for 0'),
  start: page('start', 'How many rows to pass over'),
  limit: page('limit', 'How many rows to answer: 20 when absent, all for 0'),
}

const ERROR_SCHEMAS: Readonly<Record<string, Schema>> = {
  _Error: {
    type: 'object',
    required: ['exc_type'],
    properties: {
      exc_type: { ...text, description: 'The kind of error, by Frappe’s name' },
      exception: text,
      exc: { ...text, description: 'A JSON list with one line, for clients that look whether it is there' },
      _server_messages: { ...text, description: 'A JSON list of JSON texts, each with the message for the person' },
      _error_message: text,
    },
  },
  '_v2.Error': {
    type: 'object',
    required: ['errors'],
    properties: {
      errors: {
        type: 'array',
        items: { type: 'object', required: ['type'], properties: { type: text, message: text, title: text, indicator: text } },
      },
    },
  },
}

const RESPONSES: Readonly<Record<string, Schema>> = {
  List: {
    description: 'One page of rows, each with the fields that were asked for',
    content: json({ type: 'object', required: ['data'], properties: { data: { type: 'array', items: { type: 'object' } } } }),
  },
  'v2.List': {
    description: 'One page of rows, each with the fields that were asked for',
    content: json({
      type: 'object',
      required: ['data', 'has_next_page'],
      properties: { data: { type: 'array', items: { type: 'object' } }, has_next_page: { type: 'boolean' } },
    }),
  },
  Removed: {
    description: 'It is gone',
    content: json({ type: 'object', required: ['data'], properties: { data: { const: 'ok' } } }),
  },
  Message: {
    description: 'What the method returns; nothing when that is null',
    content: json({ type: 'object', properties: { message: {} } }),
  },
}

const errorAnswers = (prefix: string, name: string): Record<string, Schema> =>
  Object.fromEntries(
    Object.entries(ERRORS).map(([status, description]) => [`${prefix}${status}`, { description, content: json(schema(name)) }]),
  )

export interface SharedComponents {
  readonly schemas: Readonly<Record<string, Schema>>
  readonly parameters: Readonly<Record<string, Schema>>
  readonly responses: Readonly<Record<string, Schema>>
  readonly securitySchemes: Readonly<Record<string, Schema>>
}

/** What the operations of all DocTypes have in common. */
export function sharedComponents(issuer: string, seen: readonly Sight[]): SharedComponents {
  return {
    schemas: { ...STANDARD_SCHEMAS, ...ERROR_SCHEMAS, _operator: { enum: [...OPERATORS] } },
    parameters: PARAMETERS,
    responses: { ...RESPONSES, ...errorAnswers('', '_Error'), ...errorAnswers('v2.', '_v2.Error') },
    securitySchemes: securitySchemes(issuer, seen),
  }
}

function securitySchemes(issuer: string, seen: readonly Sight[]): Record<string, Schema> {
  const named = ['openid', 'profile', 'email', 'roles', 'offline_access', 'all']
  const scopes = [...named, ...seen.flatMap(({ doctype, rights }) => [...rights].map((right) => documentScope(doctype.name, right)))]
  const [authorizationUrl, tokenUrl] = ['authorize', 'get_token'].map((end) => `${issuer}/api/method/frappe.integrations.oauth2.${end}`)
  return {
    oauth2: {
      type: 'oauth2',
      description: 'An access token of a Connected App: Authorization: Bearer …',
      flows: {
        authorizationCode: {
          authorizationUrl,
          tokenUrl,
          refreshUrl: tokenUrl,
          scopes: Object.fromEntries(scopes.map((scope) => [scope, describeScope(scope)])),
        },
      },
    },
    apiKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'The key and secret of a user: token key:secret' },
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: 'sid',
      description: 'The cookie of a signed-in browser; what changes something needs the header X-Frappe-CSRF-Token besides',
    },
  }
}

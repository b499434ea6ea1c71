import { Validator } from '@seriousme/openapi-schema-validator'
import { ScopeSet } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { parseDocType } from '../../doctypes/parse-doctype.ts'
import { coreDocTypes } from '../../doctypes/core-doctypes.ts'
import { ADMINISTRATOR, GUEST, type Principal } from '../../policy/principal.ts'
import { openApiDocument } from './openapi.ts'
import { seenBy } from './sight.ts'

const row = (role: string, rights: readonly string[], permlevel = 0): Record<string, unknown> => ({
  role,
  permlevel,
  ...Object.fromEntries(rights.map((right) => [right, 1])),
})
const parse = (values: Record<string, unknown>): ReturnType<typeof parseDocType> =>
  parseDocType(values, { origin: 'file', id: String(values['name']) })

const doctypes = [
  ...coreDocTypes,
  parse({
    name: 'Sales Order',
    is_submittable: 1,
    fields: [
      { fieldname: 'customer', fieldtype: 'Link', options: 'User', reqd: 1, label: 'Customer' },
      { fieldname: 'status', fieldtype: 'Select', options: 'Open\nClosed', default: 'Open' },
      { fieldname: 'due', fieldtype: 'Date' },
      { fieldname: 'seen', fieldtype: 'Datetime' },
      { fieldname: 'at', fieldtype: 'Time' },
      { fieldname: 'code', fieldtype: 'Data', length: 20 },
      { fieldname: 'qty', fieldtype: 'Int', non_negative: 1 },
      { fieldname: 'done', fieldtype: 'Check' },
      { fieldname: 'pin', fieldtype: 'Password' },
      { fieldname: 'rate', fieldtype: 'Float', non_negative: 1 },
      { fieldname: 'weight', fieldtype: 'Float' },
      { fieldname: 'cost', fieldtype: 'Currency', permlevel: 1 },
      { fieldname: 'section', fieldtype: 'Section Break' },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Order Line', reqd: 1 },
    ],
    permissions: [
      row('Sales', ['read', 'write', 'create', 'submit']),
      row('Sales', ['read'], 1),
      row('Clerk', ['read', 'create']),
      row('Picker', ['select']),
    ],
  }),
  parse({
    name: 'Order Line',
    istable: 1,
    fields: [
      { fieldname: 'item', fieldtype: 'Data', reqd: 1 },
      { fieldname: 'margin', fieldtype: 'Percent', permlevel: 1 },
    ],
  }),
]
const person = (...roles: string[]): Principal => ({ ...GUEST, user: 'ann@example.com', roles: new Set([...roles, 'All', 'Guest']) })
const doctypeOf = (name: string): (typeof doctypes)[number] | undefined => doctypes.find((doctype) => doctype.name === name)
/** What the site could do with a mail alone. */
const RESET = 'frappe.core.doctype.user.user.reset_password'
const methods = ['ping', 'my_app.api.total', RESET].map((name) => ({
  name,
  httpMethods: ['GET', 'POST'] as const,
  guest: name === 'ping',
  rights: 'open' as const,
  handler: async () => 1,
}))

interface Described {
  readonly paths: Record<string, Record<string, { readonly responses: object; readonly security: readonly Record<string, string[]>[] }>>
  readonly components: { readonly schemas: Record<string, { readonly properties: Record<string, object>; readonly required: string[] }> }
}
const describedFor = (caller: Principal): Described =>
  openApiDocument('https://erp.example', seenBy(caller, doctypes, doctypeOf), methods) as unknown as Described

describe('The OpenAPI document', () => {
  it.each([
    ['Administrator', ADMINISTRATOR],
    ['a person with a role', person('Sales')],
    ['a person without one', person()],
  ])('is valid 3.1 for %s', async (_, caller) => {
    const result = await new Validator().validate(describedFor(caller) as unknown as Record<string, unknown>)
    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
  })

  it('leads nowhere with no reference', () => {
    const described = describedFor(ADMINISTRATOR)
    const targets = [...JSON.stringify(described).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '')
    const at = (path: string): unknown =>
      path.split('/').reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], described)
    expect(targets.length).toBeGreaterThan(100)
    expect(targets.filter((path) => at(path) === undefined)).toEqual([])
  })

  it('names operations once, and those alone that the caller may use', () => {
    const { paths } = describedFor(person('Clerk'))
    const ids = [...JSON.stringify(paths).matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(Object.keys(paths['/api/resource/Sales%20Order'] ?? {})).toEqual(['get', 'post'])
    expect(Object.keys(paths['/api/v2/document/Sales%20Order/{name}'] ?? {})).toEqual(['parameters', 'get'])
    expect(paths['/api/resource/DocType']).toBeUndefined()
    expect(Object.keys(describedFor(person('Picker')).paths['/api/resource/Sales%20Order'] ?? {})).toEqual(['get'])
    const answers = Object.keys(paths['/api/resource/Sales%20Order']?.['post']?.responses ?? {})
    expect(answers).toEqual(['200', '400', '401', '403', '404', '409', '413', '414', '415', '417', '429', '431'])
    expect(paths['/api/resource/Sales%20Order']?.['get']?.security[0]).toEqual({ oauth2: ['Sales.Order:read'] })
  })

  it('shows a token what its scopes open and its user may do, and nothing of a namesake of what was consented to', () => {
    const token = { hash: '', grant: '', client: '', unfenced: false, scopes: new ScopeSet(['Sales.Order:read', 'User:read', 'Role:read']) }
    const caller = { ...person('Sales'), token: { ...token, doctypeIds: { 'Sales Order': 'Sales Order', Role: 'another' } } }
    const paths = Object.keys(describedFor(caller).paths).filter((path) => path.startsWith('/api/resource'))
    expect(paths).toEqual(['/api/resource/Sales%20Order', '/api/resource/Sales%20Order/{name}'])
    expect(Object.keys(describedFor(caller).paths['/api/resource/Sales%20Order'] ?? {})).toEqual(['get'])
  })

  it('shows fields at the levels of the caller, in rows too, and says which they cannot set', () => {
    const { schemas } = describedFor(person('Sales')).components
    expect(schemas['Sales.Order']?.properties).toHaveProperty('cost')
    expect(schemas['_values.Sales.Order']?.properties).not.toHaveProperty('cost')
    expect(schemas['Order.Line']?.properties).toHaveProperty('margin')
    const clerk = JSON.stringify(describedFor(person('Clerk')))
    expect(clerk).not.toMatch(/"(?:cost|margin)"/)
  })

  it('says of each value what it may be', () => {
    const { schemas } = describedFor(person('Sales')).components
    expect(schemas['_values.Sales.Order']?.properties).toMatchObject({
      customer: { type: 'string', maxLength: 140, title: 'Customer' },
      status: { enum: ['', 'Open', 'Closed', null], default: 'Open' },
      due: { type: ['string', 'null'], format: 'date' },
      seen: { type: ['string', 'null'], pattern: expect.stringContaining('[0-9]{4}') as string },
      code: { maxLength: 20 },
      qty: { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
      pin: { type: ['string', 'null'], format: 'password', description: 'Shown as asterisks' },
      rate: { type: 'number', minimum: 0, exclusiveMaximum: 1e12 },
      weight: { type: 'number', exclusiveMinimum: -1e12, exclusiveMaximum: 1e12 },
      done: { enum: [0, 1] },
      lines: { type: 'array', items: { $ref: '#/components/schemas/_values.Order.Line' } },
      docstatus: { enum: [0, 1, 2] },
    })
    expect(schemas['_values.Sales.Order']?.properties).not.toHaveProperty('section')
    expect(schemas['_values.Sales.Order']?.properties['pin']).not.toHaveProperty('writeOnly')
    expect(schemas['_insert.Sales.Order']?.required).toEqual(['customer', 'lines'])
  })

  it('says which methods would need a mail, and that long headers are refused in one shape', () => {
    const { paths } = describedFor(person('Sales'))
    expect(paths[`/api/method/${RESET}`]?.['post']?.responses).toHaveProperty('501')
    expect(paths['/api/method/ping']?.['post']?.responses).not.toHaveProperty('501')
    expect(paths['/api/v2/document/Sales%20Order']?.['get']?.responses).toMatchObject({
      400: { $ref: '#/components/responses/v2.400' },
      431: { $ref: '#/components/responses/431' },
    })
  })

  it('is the same text for the same DocTypes', () => {
    expect(JSON.stringify(describedFor(ADMINISTRATOR))).toBe(JSON.stringify(describedFor(ADMINISTRATOR)))
  })
})

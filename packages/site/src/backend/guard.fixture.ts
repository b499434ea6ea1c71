import { ScopeSet, parseFilters, type DocField, type DocType, type Right, type Values } from '@annex/protocol'
import { GUEST, type Principal } from '../policy/principal.ts'
import type { Backend, DocumentId } from './backend.ts'
import { Guard, type GuardParts } from './guard.ts'
import type { Method } from './method.ts'
import type { Refusal } from './refusals.ts'

const doctype = (name: string, fields: Partial<DocField>[] = [], istable = false, is_submittable = false): DocType =>
  ({ id: `id of ${name}`, name, istable, is_submittable, fields, title_field: 'title', search_fields: ['item_name'] }) as unknown as DocType
export const DOCTYPES = new Map(
  [
    doctype('Item', [
      { fieldname: 'enabled', fieldtype: 'Check' },
      { fieldname: 'disabled', fieldtype: 'Check' },
    ]),
    doctype('User'),
    doctype('DocType'),
    doctype('Customer', [{ fieldname: 'owner_user', fieldtype: 'Link', options: 'User' }]),
    doctype('Quote', [
      { fieldname: 'customer', fieldtype: 'Link', options: 'Customer' },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Quote Line' },
    ]),
    doctype('Quote Line', [{ fieldname: 'customer', fieldtype: 'Link', options: 'Customer' }], true),
    doctype('Note', [{ fieldname: 'remarks', fieldtype: 'Table', options: 'Remark' }]),
    doctype('Remark', [], true),
    doctype('Invoice', [{ fieldname: 'lines', fieldtype: 'Table', options: 'Invoice Line' }], false, true),
    doctype('Invoice Line', [], true),
    ...['File', 'Comment', 'ToDo'].map((name) => doctype(name)),
  ].map((known) => [known.name, known]),
)
export const method = (name: string, rights: Method['rights']): Method => ({
  name,
  rights,
  guest: false,
  httpMethods: ['GET', 'POST'],
  handler: () => Promise.resolve('done'),
})
const METHODS = new Map(
  [
    method('open', 'open'),
    method('site.undeclared', 'undeclared'),
    method('site.declared', [{ doctype: 'Item', right: 'write' }]),
    method('site.fenced', [{ doctype: 'User', right: 'write' }]),
    method('site.share', (args) => ['share', 'write'].map((right) => ({ doctype: String(args['doctype']), right: right as Right }))),
  ].map((known) => [known.name, known]),
)

/** Verbs that do nothing: which were reached, and with what. A document that is read is found in `stored`, by its DocType. */
function recording(stored: Readonly<Record<string, Values>> = {}): { backend: Backend; reached: string[]; requests: unknown[][] } {
  const reached: string[] = []
  const requests: unknown[][] = []
  const backend = new Proxy({} as Backend, {
    get:
      (_, verb) =>
      (...[, ...request]: [Principal, ...unknown[]]): Promise<unknown> => {
        reached.push(String(verb))
        requests.push([verb, ...request])
        return Promise.resolve((verb === 'read' && stored[(request[0] as DocumentId).doctype]) || [])
      },
  })
  return { backend, reached, requests }
}

/** A guard around verbs that do nothing, which verbs it let through, and what it refused. */
export function guarded(
  stored: Readonly<Record<string, Values>> = {},
  more: Partial<GuardParts> = {},
): { guard: Guard; refusals: Refusal[]; reached: string[]; requests: unknown[][] } {
  const refusals: Refusal[] = []
  const { backend, reached, requests } = recording(stored)
  const guard = new Guard({
    backend,
    doctypeOf: (name) => DOCTYPES.get(name),
    parentsOf: (child) => ({ 'Quote Line': ['Quote'], 'Invoice Line': ['Invoice'], Remark: ['Note', 'User'] })[child] ?? [],
    methods: METHODS,
    onRefusal: (refusal) => Promise.resolve(void refusals.push(refusal)),
    resourceMetadata: () => 'http://site/.well-known/oauth-protected-resource',
    ...more,
  })
  return { guard, refusals, reached, requests }
}

/** Alice, by a token of these scopes. */
export const byToken = (scope: string, more: { unfenced?: boolean; ids?: Record<string, string> } = {}): Principal => ({
  ...GUEST,
  user: 'alice@example.com',
  token: {
    hash: 'hash',
    grant: 'grant',
    client: 'client',
    scopes: new ScopeSet(scope.split(' ')),
    unfenced: more.unfenced === true,
    doctypeIds: more.ids ?? Object.fromEntries([...DOCTYPES.keys()].map((name) => [name, `id of ${name}`])),
  },
})

type Act = (guard: Guard, principal: Principal) => Promise<unknown>
/** Every kind of call that a guard judges, by what it does. */
export const ACTS: Readonly<Record<string, Act>> = {
  'read Item': (guard, who) => guard.read(who, { doctype: 'Item', name: 'A' }),
  'list Item': (guard, who) => guard.list(who, { doctype: 'Item' }),
  'count Item': (guard, who) => guard.count(who, { doctype: 'Item' }),
  'search Item': (guard, who) =>
    guard.searchLink(who, { doctype: 'Item', text: '', limit: 10, filters: parseFilters({ item_name: 'Bolt', disabled: 0 }) }),
  'search Item by cost': (guard, who) =>
    guard.searchLink(who, { doctype: 'Item', text: '', limit: 10, filters: parseFilters({ cost: ['>', 5] }) }),
  'search Item telling cost': (guard, who) => guard.searchLink(who, { doctype: 'Item', text: '', limit: 10, searchField: 'cost' }),
  'define Item': (guard, who) => guard.doctype(who, 'Item'),
  'insert Item': (guard, who) => guard.insert(who, 'Item', [{}]),
  'insert submitted Item': (guard, who) => guard.insert(who, 'Item', [{ docstatus: 1 }]),
  'update Item': (guard, who) => guard.update(who, { doctype: 'Item', name: 'A', values: {} }),
  'submit Item by update': (guard, who) => guard.update(who, { doctype: 'Item', name: 'A', values: { docstatus: '1' } }),
  'submit Item': (guard, who) => guard.setDocstatus(who, { doctype: 'Item', name: 'A' }, 1),
  'cancel Item': (guard, who) => guard.setDocstatus(who, { doctype: 'Item', name: 'A' }, 2),
  'amend Item': (guard, who) => guard.insert(who, 'Item', [{ amended_from: 'A' }]),
  'insert Item and User': (guard, who) => guard.insert(who, ['Item', 'User'], [{}, {}]),
  'merge Item': (guard, who) => guard.rename(who, { doctype: 'Item', name: 'A' }, 'B', { merge: true }),
  'rename Item': (guard, who) => guard.rename(who, { doctype: 'Item', name: 'A' }, 'B'),
  'remove Item': (guard, who) => guard.remove(who, { doctype: 'Item', name: 'A' }),
  'read User': (guard, who) => guard.read(who, { doctype: 'User', name: 'bob@example.com' }),
  'update User': (guard, who) => guard.update(who, { doctype: 'User', name: 'bob@example.com', values: { new_password: 'x' } }),
  'define User': (guard, who) => guard.doctype(who, 'User'),
  'search DocType': (guard, who) => guard.searchLink(who, { doctype: 'DocType', text: '', limit: 10 }),
  'list Quote': (guard, who) => guard.list(who, { doctype: 'Quote' }),
  'list Quote with a linked field': (guard, who) => guard.list(who, { doctype: 'Quote', fields: ['customer.credit_limit'] }),
  'list Quote ordered by a linked field': (guard, who) => guard.list(who, { doctype: 'Quote', orderBy: 'customer.credit_limit' }),
  'list Quote with its lines': (guard, who) => guard.list(who, { doctype: 'Quote', fields: ['lines.item'] }),
  'list Quote Line': (guard, who) => guard.list(who, { doctype: 'Quote Line', parent: 'Quote' }),
  'insert Quote Line': (guard, who) => guard.insert(who, 'Quote Line', [{ parent: 'Q', parenttype: 'Quote', parentfield: 'lines' }]),
  'update Quote Line': (guard, who) => guard.update(who, { doctype: 'Quote Line', name: 'L', values: {} }),
  'remove Quote Line': (guard, who) => guard.remove(who, { doctype: 'Quote Line', name: 'L' }),
  'list User with Item as parent': (guard, who) => guard.list(who, { doctype: 'User', parent: 'Item' }),
  'call open': (guard, who) => guard.call(who, { method: 'open', httpMethod: 'GET', args: {} }),
  'call undeclared': (guard, who) => guard.call(who, { method: 'site.undeclared', httpMethod: 'GET', args: {} }),
  'call declared': (guard, who) => guard.call(who, { method: 'site.declared', httpMethod: 'GET', args: {} }),
  'call of Item': (guard, who) => guard.call(who, { method: 'site.share', httpMethod: 'GET', args: { doctype: 'Item' } }),
  'call fenced': (guard, who) => guard.call(who, { method: 'site.fenced', httpMethod: 'GET', args: {} }),
}

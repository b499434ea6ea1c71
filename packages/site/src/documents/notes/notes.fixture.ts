import { Generation, type Engine } from '@annex/database'
import { ScopeSet, type Values } from '@annex/protocol'
import { fillWorld } from '../../backend/contract/world.fixture.ts'
import { Guard } from '../../backend/guard.ts'
import { MethodReply, type Method } from '../../backend/method.ts'
import type { Controller } from '../../doctypes/controller.ts'
import type { Principal } from '../../policy/principal.ts'
import { PEOPLE, startDocuments, type TestDocuments } from '../documents.fixture.ts'
import type { DocumentListener, Premises } from '../premises.ts'
import { shareListener } from '../shares/share-listener.ts'
import { shareMethods } from '../shares/share-methods.ts'
import { readMirrors } from './mirror-store.ts'
import type { NoteParts } from './note-parts.ts'
import { noteControllers, noteListeners, noteMethods } from './notes.ts'

export interface NotedWorld extends TestDocuments {
  readonly guard: Guard
  /** Calls a method through the guard; a reply of more than one value comes as its parts. */
  call(principal: Principal, method: string, args: Values): Promise<unknown>
  list(doctype: string, filters: Values, fields: readonly string[]): Promise<Record<string, unknown>[]>
}

const row = (role: string, rights: readonly string[], rest: Values = {}): Values => ({
  role,
  ...Object.fromEntries(['select', 'read', 'write', 'create', 'delete', 'submit', 'cancel', 'amend', 'share'].map((right) => [right, 0])),
  ...Object.fromEntries(rights.map((right) => [right, 1])),
  ...rest,
})

/** DocTypes that track their changes, beside those of the world. */
const TRACKED: readonly Values[] = [
  {
    name: 'Order Line',
    istable: 1,
    fields: [
      { fieldname: 'item', fieldtype: 'Data' },
      { fieldname: 'qty', fieldtype: 'Int' },
      { fieldname: 'margin', fieldtype: 'Percent', permlevel: 1 },
    ],
  },
  {
    name: 'Order',
    autoname: 'field:code',
    allow_rename: 1,
    is_submittable: 1,
    track_changes: 1,
    fields: [
      { fieldname: 'code', fieldtype: 'Data', reqd: 1, unique: 1 },
      { fieldname: 'client', fieldtype: 'Link', options: 'Client' },
      { fieldname: 'amount', fieldtype: 'Currency' },
      { fieldname: 'cost', fieldtype: 'Currency', permlevel: 1 },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Order Line' },
      { fieldname: 'amended_from', fieldtype: 'Link', options: 'Order' },
    ],
    permissions: [
      row('Sales Lead', ['select', 'read', 'write', 'create', 'delete', 'submit', 'cancel', 'amend', 'share']),
      row('Sales Lead', ['read', 'write'], { permlevel: 1 }),
      row('Sales Clerk', ['select', 'read', 'write', 'create']),
    ],
  },
]

const NAMED: Controller = { beforeInsert: async ({ document }) => void (document['full_name'] = document['first_name']) }

export async function startNotes(engine: Engine): Promise<NotedWorld> {
  const methods = new Map<string, Method>()
  const listeners: DocumentListener[] = []
  let site: TestDocuments | undefined = undefined
  const premises = (): Premises => site!.documents.premises
  const people = new Map(Object.values(PEOPLE).map((person) => [person.user, person]))
  const parts: NoteParts = { premises, principalOf: (user) => Promise.resolve(people.get(user)) }
  const controllers = { ...Object.fromEntries(noteControllers(parts)), User: NAMED }
  const started = await startDocuments(engine, { methods, listeners, controllers })
  site = started
  for (const method of [...noteMethods(parts), ...shareMethods(premises)]) methods.set(method.name, method)
  await fillWorld(started.documents, PEOPLE.admin)
  for (const doctype of TRACKED) await started.documents.insert(PEOPLE.admin, 'DocType', [{ module: 'Custom', custom: 1, ...doctype }])
  for (const name of ['lead', 'clerk', 'nobody'])
    await started.documents.insert(PEOPLE.admin, 'User', [{ email: `${name}@example.com`, first_name: name }])
  listeners.push(...noteListeners(parts), shareListener(premises, new Generation(started.database)))
  const guard = guardOf(started, methods)
  return {
    ...started,
    guard,
    call: async (principal, method, args) => {
      const reply = await guard.call(principal, { method, httpMethod: 'POST', args })
      return reply instanceof MethodReply ? reply.parts : reply
    },
    list: (doctype, filters, fields) =>
      started.documents.list(PEOPLE.admin, {
        doctype,
        fields,
        filters: Object.entries(filters).map(([fieldname, value]) => ({ fieldname, operator: '=' as const, value })),
        orderBy: 'creation asc',
        limit: null,
      }),
  }
}

const guardOf = ({ documents, doctypes }: TestDocuments, methods: ReadonlyMap<string, Method>): Guard =>
  new Guard({
    backend: documents,
    doctypeOf: (name) => doctypes.get(name),
    parentsOf: (child) => doctypes.parentsOf(child).map(({ doctype }) => doctype.name),
    methods,
    onRefusal: () => Promise.resolve(),
    resourceMetadata: () => 'http://site/.well-known/oauth-protected-resource',
  })

/** The person as an app reaches the site for them, with these scopes. */
export function through(world: TestDocuments, principal: Principal, ...scopes: string[]): Principal {
  const ids = world.doctypes.names().map((name) => [name, world.doctypes.require(name).id] as const)
  const token = {
    hash: 'h',
    grant: 'g',
    client: 'app-1',
    scopes: new ScopeSet(scopes),
    unfenced: false,
    doctypeIds: Object.fromEntries(ids),
  }
  return { ...principal, token }
}

/** What stands beside a document. */
export async function mirrorsOf({ documents, doctypes }: TestDocuments, doctype: string, name: string): Promise<Record<string, unknown>> {
  return { ...(await readMirrors(documents.premises.database.connection, doctypes.require(doctype), name)) }
}

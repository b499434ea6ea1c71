import { invalid, type Document, type Right } from '@annex/protocol'
import { HTTP_METHODS, type Method, type MethodCall } from '../../backend/method.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { SHARED_RIGHTS, type SharedRight } from '../../policy/shares.ts'
import { requiredText, textIn } from '../notes/arguments.ts'
import type { Premises } from '../premises.ts'
import { insertDocuments } from '../verbs/insert.ts'
import { listDocuments } from '../verbs/list.ts'
import { removeDocument } from '../verbs/remove.ts'
import { updateDocument } from '../verbs/update.ts'
import { deputyOf } from './deputies.ts'
import { findShare, type Shared, type Sharee } from './share-store.ts'

type Arguments = MethodCall['args']

const WRITING = ['POST', 'PUT'] as const

/**
 * `frappe.share.*`: one document is shared with a user or with everyone by whoever has `share` on it.
 *
 * A token needs the scope to share, and of every right that it gives: an app shares no more than it was granted.
 */
export const shareMethods = (premises: () => Premises): readonly Method[] => [
  {
    name: 'frappe.share.add',
    httpMethods: WRITING,
    guest: false,
    rights: (args) => rightsNeeded(args, givenIn(args)),
    handler: (call) => addShare(premises(), call),
  },
  {
    name: 'frappe.share.set_permission',
    httpMethods: WRITING,
    guest: false,
    rights: (args) => rightsNeeded(args, isOn(args, 'value', true) ? [permissionIn(args)] : []),
    handler: (call) => setPermission(premises(), call),
  },
  {
    name: 'frappe.share.get_users',
    httpMethods: HTTP_METHODS,
    guest: false,
    // Whoever reads the document is told; an app, when it may read shares.
    rights: [{ doctype: 'DocShare', right: 'read' }],
    handler: (call) => listUsers(premises(), call),
  },
]

async function addShare(premises: Premises, call: MethodCall): Promise<Document> {
  const [shared, sharee] = await requireShared(call)
  const given = givenIn(call.args)
  const rights = Object.fromEntries(SHARED_RIGHTS.map((right) => [right, given.includes(right) ? 1 : 0]))
  return writeShare(premises, call, shared, sharee, { ...rights, notify_by_email: isOn(call.args, 'notify') ? 1 : 0 })
}

/** Sets one right of a share; a share that gives nothing any more is removed. */
async function setPermission(premises: Premises, call: MethodCall): Promise<Document | null> {
  const [shared, sharee] = await requireShared(call)
  const right = permissionIn(call.args)
  if (isOn(call.args, 'value', true)) return writeShare(premises, call, shared, sharee, { [right]: 1 })
  const { connection } = premises.database
  const name = await findShare(connection, premises.dialect, shared, sharee)
  if (name === undefined) return null
  // What is lost with it: who may not read may do nothing.
  const lost = right === 'read' ? SHARED_RIGHTS : right === 'write' ? (['write', 'submit'] as const) : [right]
  if (lost.length === SHARED_RIGHTS.length) {
    await removeDocument(premises, deputy(premises, call), { doctype: 'DocShare', name })
    return null
  }
  const values = Object.fromEntries(lost.map((each) => [each, 0]))
  return updateDocument(premises, deputy(premises, call), { doctype: 'DocShare', name, values })
}

async function writeShare(
  premises: Premises,
  call: MethodCall,
  shared: Shared,
  sharee: Sharee,
  values: Readonly<Record<string, number>>,
): Promise<Document> {
  const name = await findShare(premises.database.connection, premises.dialect, shared, sharee)
  const by = deputy(premises, call)
  if (name !== undefined) return updateDocument(premises, by, { doctype: 'DocShare', name, values })
  const whose = 'everyone' in sharee ? { everyone: 1 } : { user: sharee.user }
  const [share] = await insertDocuments(premises, by, 'DocShare', [
    { share_doctype: shared.doctype, share_name: shared.name, ...whose, ...values },
  ])
  if (!share) throw new Error('an insert answered without its document')
  return share
}

const SHOWN = ['name', 'user', 'read', 'write', 'submit', 'share', 'everyone', 'owner', 'creation']

/** With whom a document is shared, for whoever may read it. */
async function listUsers(premises: Premises, { principal, args, backend }: MethodCall): Promise<unknown> {
  const [doctype, name] = [requiredText(args, 'doctype'), requiredText(args, 'name')]
  await backend.read(principal, { doctype, name })
  return listDocuments(premises, ADMINISTRATOR, {
    doctype: 'DocShare',
    fields: SHOWN,
    filters: [
      { fieldname: 'share_doctype', operator: '=', value: doctype },
      { fieldname: 'share_name', operator: '=', value: name },
    ],
    limit: null,
  })
}

/** The document, which the caller may read, and whom it is shared with. */
async function requireShared({ principal, args, backend }: MethodCall): Promise<readonly [Shared, Sharee]> {
  const id = { doctype: requiredText(args, 'doctype'), name: requiredText(args, 'name') }
  const { name } = await backend.read(principal, id)
  return [{ doctype: id.doctype, name: String(name) }, isOn(args, 'everyone') ? { everyone: true } : { user: requiredText(args, 'user') }]
}

const deputy = (premises: Premises, { principal }: MethodCall): ReturnType<typeof deputyOf> =>
  deputyOf(principal, premises.doctypes.require('DocShare'))

/** To share at all is to let read. */
const givenIn = (args: Arguments): SharedRight[] => SHARED_RIGHTS.filter((right) => right === 'read' || isOn(args, right))

function rightsNeeded(args: Arguments, given: readonly SharedRight[]): { doctype: string; right: Right }[] {
  const doctype = requiredText(args, 'doctype')
  return [...new Set<Right>(['share', ...given])].map((right) => ({ doctype, right }))
}

function permissionIn(args: Arguments): SharedRight {
  const text = requiredText(args, 'permission_to')
  const right = SHARED_RIGHTS.find((candidate) => candidate === text)
  if (right) return right
  throw invalid(`permission_to must be one of ${SHARED_RIGHTS.join(', ')}`)
}

function isOn(args: Arguments, name: string, unsaid = false): boolean {
  const value = args[name]
  if (value === undefined || value === null || value === '') return unsaid
  if (typeof value === 'boolean') return value
  if (Number.isFinite(Number(textIn(args, name)))) return Number(textIn(args, name)) !== 0
  throw invalid(`${name} must be 0 or 1`)
}

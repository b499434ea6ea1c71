import { RIGHTS, invalid, isRight, notFound, type DocType, type Right } from '@annex/protocol'
import { covers } from '../../policy/covers.ts'
import { HTTP_METHODS, type Method, type MethodCall } from '../../backend/method.ts'
import { roleRights } from '../../policy/role-rights.ts'
import { isAdministrator, type Principal } from '../../policy/principal.ts'
import { isLimited } from '../../policy/row-filters.ts'
import { unsavedSingle } from '../change/single.ts'
import { judged, readHeld, type Held } from '../held.ts'
import { readReached } from '../limits/reached.ts'
import { requiredText, textIn } from '../notes/arguments.ts'
import { hasSome, requireDocType, requireRight, requireSome, rightsOn } from '../permit.ts'
import type { Premises } from '../premises.ts'

type Flags = Readonly<Record<string, number>>

/** What tells callers of their own rights. A token's scopes count: what they do not cover, the caller may not do. */
export const permissionMethods = (premises: () => Premises): readonly Method[] => [
  {
    name: 'frappe.client.has_permission',
    httpMethods: HTTP_METHODS,
    guest: false,
    rights: (args) => [{ doctype: requiredText(args, 'doctype'), right: 'read' }],
    handler: (call) => hasPermission(premises(), call),
  },
  {
    name: 'frappe.client.get_doc_permissions',
    httpMethods: HTTP_METHODS,
    guest: false,
    rights: (args) => [{ doctype: requiredText(args, 'doctype'), right: 'read' }],
    handler: (call) => readPermissions(premises(), call),
  },
  {
    name: 'frappe.core.doctype.user_permission.user_permission.get_user_permissions',
    httpMethods: HTTP_METHODS,
    guest: false,
    rights: [{ doctype: 'User Permission', right: 'read' }],
    handler: listUserPermissions,
  },
]

/** Of a document that the caller may not read nothing is told but that they may do nothing with it. */
async function hasPermission(premises: Premises, { principal, args }: MethodCall): Promise<{ has_permission: boolean }> {
  const right = textIn(args, 'perm_type') || 'read'
  if (!isRight(right)) throw invalid(`perm_type must be a right, such as read or write`)
  const [doctype, name] = [requireDocType(premises, principal, requiredText(args, 'doctype'), 'read'), requiredText(args, 'docname')]
  const documents = doctype.istable ? premises.doctypes.parentsOf(doctype.name).map((parent) => parent.doctype) : [doctype]
  if (!documents.some((known) => hasSome(premises, principal, known, 'read', name))) return { has_permission: false }
  const found = await documentOf(premises, principal, doctype, name)
  const rights = await effectiveRights(premises, principal, found.doctype, found.held)
  // As of one that the filters of the caller's app keep away: which of the two it is would tell what it holds.
  if (!rights.has('read') && isLimited(principal, found.doctype.name)) throw notFound(doctype.name, name.slice(0, 140))
  return { has_permission: rights.has('read') && rights.has(right) }
}

async function readPermissions(premises: Premises, { principal, args }: MethodCall): Promise<{ permissions: Record<string, unknown> }> {
  const [doctype, name] = [requireDocType(premises, principal, requiredText(args, 'doctype'), 'read'), requiredText(args, 'docname')]
  if (!doctype.istable) requireSome(premises, principal, doctype, 'read', name)
  const found = await documentOf(premises, principal, doctype, name)
  await requireRight(premises, premises.database.connection, principal, found.doctype, 'read', judged(found.held))
  return { permissions: await documentPermissions(premises, principal, found.doctype, found.held) }
}

/** Rights on one document in the form that Frappe's desk reads: 1 or 0 each, and those that `if_owner` rows give. */
export async function documentPermissions(
  premises: Premises,
  principal: Principal,
  doctype: DocType,
  held: Held,
): Promise<Record<string, unknown>> {
  const rights = await effectiveRights(premises, principal, doctype, held)
  const { own } = roleRights(principal, doctype)
  return { ...flags(rights), if_owner: Object.fromEntries([...own].map((right) => [right, 1])), has_if_owner_enabled: own.size > 0 }
}

const flags = (rights: ReadonlySet<Right>): Flags => Object.fromEntries(RIGHTS.map((right) => [right, rights.has(right) ? 1 : 0]))

async function effectiveRights(premises: Premises, principal: Principal, doctype: DocType, held: Held): Promise<ReadonlySet<Right>> {
  const rights = await rightsOn(premises, premises.database.connection, principal, doctype, judged(held))
  return new Set([...rights].filter((right) => covers(principal, doctype, right)))
}

/** The document; a row is judged as a part of its own. */
async function documentOf(
  premises: Premises,
  principal: Principal,
  doctype: DocType,
  name: string,
): Promise<{ doctype: DocType; held: Held }> {
  if (doctype.virtual) throw invalid(`${doctype.name} has no stored documents; its rights are those of its DocType`)
  const { connection } = premises.database
  const row = doctype.istable ? await premises.store.readRow(connection, doctype, name) : undefined
  const judgedBy = row ? premises.doctypes.get(String(row['parenttype'])) : doctype
  if (judgedBy?.issingle === true)
    return { doctype: judgedBy, held: (await readHeld(premises, connection, judgedBy, judgedBy.name)) ?? unsavedSingle(premises, judgedBy) }
  const held =
    judgedBy && !judgedBy.istable && (await readReached(premises, connection, principal, judgedBy, row ? String(row['parent']) : name))
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  return { doctype: judgedBy, held }
}

/** The caller's own, by the DocType that they speak of; what stands below a document of a tree is listed as well. */
async function listUserPermissions({ principal, args }: MethodCall): Promise<Record<string, unknown[]>> {
  const user = textIn(args, 'user')
  if (user !== '' && user !== principal.user && !isAdministrator(principal))
    throw invalid('Ask for your own user permissions: leave user out; those of others are documents of User Permission')
  return Object.fromEntries(
    Map.groupBy(principal.userPermissions, (permission) => permission.allow)
      .entries()
      .map(([allow, permissions]) => [
        allow,
        permissions.map(({ for_value, applicable_for, is_default }) => ({
          doc: for_value,
          applicable_for,
          is_default: is_default ? 1 : 0,
        })),
      ]),
  )
}

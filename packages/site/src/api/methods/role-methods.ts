import { isRecord, notPermitted } from '@annex/protocol'
import { HTTP_METHODS, type Method, type MethodCall } from '../../backend/method.ts'
import type { Principal } from '../../policy/principal.ts'
import { parseText } from '../list-arguments.ts'
import { verbsMethod } from './verbs-method.ts'

const USER_MODULE = 'frappe.core.doctype.user.user'
/** Given by the site itself and never by hand. */
const AUTOMATIC = ['Administrator', 'All', 'Guest']

/** Roles: one's own, and others' for whoever may read them. */
export const roleMethods: readonly Method[] = [
  verbsMethod(`${USER_MODULE}.get_roles`, HTTP_METHODS, readRoles),
  verbsMethod(`${USER_MODULE}.get_all_roles`, HTTP_METHODS, listRoles),
]

async function readRoles({ principal, args, backend }: MethodCall): Promise<string[]> {
  const user = parseText(args, 'uid') || parseText(args, 'user') || principal.user
  if (user === principal.user) {
    if (!tellsRoles(principal)) await backend.read(principal, { doctype: 'User', name: user })
    return [...principal.roles].toSorted()
  }
  if (!principal.roles.has('System Manager')) throw notPermitted('Only a System Manager may ask for the roles of others')
  const document = await backend.read(principal, { doctype: 'User', name: user })
  const rows: readonly unknown[] = Array.isArray(document['roles']) ? document['roles'] : []
  const given = rows.flatMap((row) => (isRecord(row) && typeof row['role'] === 'string' ? [row['role']] : []))
  const filters = [
    { fieldname: 'name', operator: 'in', value: given },
    { fieldname: 'disabled', operator: '=', value: 0 },
  ] as const
  const held =
    given.length === 0 ? [] : await backend.list(principal, { doctype: 'Role', fields: ['name', 'desk_access'], filters, limit: null })
  const desk = document['user_type'] !== 'Website User' && held.some((role) => role['desk_access'] === 1) ? ['Desk User'] : []
  return [...new Set([...held.map((role) => String(role['name'])), ...desk, 'All', 'Guest'])].toSorted()
}

/** An app is told the roles of its user with the scopes that say who the user is, as in the profile; else it needs to read the User. */
const tellsRoles = ({ token }: Principal): boolean =>
  token === undefined ||
  token.scopes.opensMethod(`${USER_MODULE}.get_roles`) ||
  ['openid', 'roles', 'all'].some((scope) => token.scopes.tokens.includes(scope))

async function listRoles({ principal, backend }: MethodCall): Promise<string[]> {
  const filters = [{ fieldname: 'name', operator: 'not in', value: AUTOMATIC }] as const
  const rows = await backend.list(principal, { doctype: 'Role', fields: ['name'], filters, orderBy: 'name asc', limit: null })
  return rows.map((row) => String(row['name']))
}

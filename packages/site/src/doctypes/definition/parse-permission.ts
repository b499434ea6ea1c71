import { RIGHTS, invalid } from '@annex/protocol'
import type { DocPerm, Right, Values } from '@annex/protocol'
import { flagOf, numberOf, textOf } from './definition-values.ts'
import type { Part } from './definition-values.ts'

/** What a row made through the API grants where it says nothing, as in Frappe 15. */
export const GRANTED_BY_DEFAULT: ReadonlySet<Right> = new Set([
  'read',
  'write',
  'create',
  'delete',
  'print',
  'email',
  'report',
  'export',
  'share',
])

/** @throws {FrappeError} `ValidationError` that names the row and its role */
export function parsePermissions(rows: readonly Values[], unsaid: ReadonlySet<Right>): DocPerm[] {
  const permissions = rows.map((values, index) => parsePermission(values, index + 1, unsaid))
  const seen = new Set<string>()
  for (const { role, permlevel, if_owner } of permissions) {
    const key = `${role}\n${permlevel}\n${if_owner}`
    if (seen.has(key)) throw invalid(`Permissions: role ${role} has two rows at level ${permlevel}; keep one`)
    seen.add(key)
  }
  return permissions
}

/** One row as it is stored, by itself: a right that it leaves out is not granted. */
export const parseStoredPermission = (values: Values, position: number): DocPerm => parsePermission(values, position, NOTHING)

const NOTHING: ReadonlySet<Right> = new Set()

function parsePermission(values: Values, position: number, unsaid: ReadonlySet<Right>): DocPerm {
  const role = textOf({ values, where: `Permission ${position}` }, 'role').trim()
  if (role === '') throw invalid(`Permission ${position}: name the role that it is for`)
  const part: Part = { values, where: `Permission ${position} (${role})` }
  return {
    role,
    permlevel: numberOf(part, 'permlevel', 0, 9),
    if_owner: flagOf(part, 'if_owner'),
    rights: new Set(RIGHTS.filter((right) => grants(part, right, unsaid))),
  }
}

function grants(part: Part, right: Right, unsaid: ReadonlySet<Right>): boolean {
  // A null is what documents make of a right that is taken out of a row they know: it is no longer granted.
  return part.values[right] === undefined ? unsaid.has(right) : flagOf(part, right)
}

import { RIGHTS, type DocPerm, type DocType, type Right } from '@annex/protocol'
import { isFencedToOwn } from './fence.ts'
import { isAdministrator, type Principal } from './principal.ts'

/** What the roles of a principal give on one DocType. */
export interface RoleRights {
  /** On every document. */
  readonly all: ReadonlySet<Right>
  /** On documents that the user made, through `if_owner` rows. */
  readonly own: ReadonlySet<Right>
  readonly readLevels: ReadonlySet<number>
  readonly writeLevels: ReadonlySet<number>
}

const LEVELS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
const SUBMIT_RIGHTS: ReadonlySet<Right> = new Set(['submit', 'cancel', 'amend'])

/** One key for every Administrator: their roles do not matter. */
const ADMINISTRATOR_KEY = new Set<string>()
const known = new WeakMap<DocType, WeakMap<ReadonlySet<string>, RoleRights>>()

const narrowed = new WeakMap<RoleRights, RoleRights>()

/** Remembered for as long as the DocType and the set of roles are: both are replaced, never altered. */
export function roleRights(principal: Principal, doctype: DocType): RoleRights {
  const rights = rightsByRole(principal, doctype)
  return isFencedToOwn(principal.token, doctype.name) ? ownAlone(rights) : rights
}

function ownAlone(rights: RoleRights): RoleRights {
  let own = narrowed.get(rights)
  if (!own) {
    const create: readonly Right[] = rights.all.has('create') ? ['create'] : []
    narrowed.set(rights, (own = { ...rights, all: new Set(create), own: new Set([...rights.all, ...rights.own]) }))
  }
  return own
}

function rightsByRole(principal: Principal, doctype: DocType): RoleRights {
  const key = isAdministrator(principal) ? ADMINISTRATOR_KEY : principal.roles
  let ofDocType = known.get(doctype)
  if (!ofDocType) known.set(doctype, (ofDocType = new WeakMap()))
  let rights = ofDocType.get(key)
  if (!rights) ofDocType.set(key, (rights = key === ADMINISTRATOR_KEY ? everyRight(doctype) : rightsOfRoles(key, doctype)))
  return rights
}

function everyRight(doctype: DocType): RoleRights {
  return { all: new Set(RIGHTS.filter((right) => applies(right, doctype))), own: new Set(), readLevels: LEVELS, writeLevels: LEVELS }
}

function rightsOfRoles(roles: ReadonlySet<string>, doctype: DocType): RoleRights {
  const held = doctype.permissions.filter((row) => roles.has(row.role))
  const basic = held.filter((row) => row.permlevel === 0)
  return {
    all: new Set([
      ...rightsIn(
        basic.filter((row) => !row.if_owner),
        doctype,
      ),
      ...createRight(basic),
    ]),
    own: rightsIn(
      basic.filter((row) => row.if_owner),
      doctype,
    ),
    readLevels: levelsWith(held, 'read'),
    writeLevels: levelsWith(held, 'write'),
  }
}

function rightsIn(rows: readonly DocPerm[], doctype: DocType): Set<Right> {
  const rights = new Set(rows.flatMap((row) => [...row.rights].filter((right) => applies(right, doctype))))
  if (rights.has('read')) rights.add('select')
  return rights
}

/** A document that is yet to be made has no other owner: `if_owner` does not narrow `create`. */
const createRight = (rows: readonly DocPerm[]): readonly Right[] => (rows.some((row) => row.rights.has('create')) ? ['create'] : [])

const applies = (right: Right, doctype: DocType): boolean => doctype.is_submittable || !SUBMIT_RIGHTS.has(right)

/** Level 0 needs no row of its own: the right itself was judged before. An `if_owner` row opens no higher level, since a list cannot tell rows apart by it. */
function levelsWith(rows: readonly DocPerm[], right: Right): ReadonlySet<number> {
  return new Set([0, ...rows.filter((row) => row.rights.has(right) && !row.if_owner).map((row) => row.permlevel)])
}

/** Whether roles give the right on every document (`yes`), on own documents alone (`own`), or not at all. */
export function can(principal: Principal, doctype: DocType, right: Right): 'no' | 'yes' | 'own' {
  const rights = roleRights(principal, doctype)
  if (rights.all.has(right)) return 'yes'
  return rights.own.has(right) ? 'own' : 'no'
}

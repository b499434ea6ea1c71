import { isColumn, type DocField, type DocType, type Right } from '@annex/protocol'
import { unsavedSingle } from '../../../documents/change/single.ts'
import { judged, readHeld, type Held } from '../../../documents/held.ts'
import { isReached } from '../../../documents/limits/reached.ts'
import { childOf, hasSome } from '../../../documents/permit.ts'
import type { Premises } from '../../../documents/premises.ts'
import { readSharedRights } from '../../../documents/shares/share-store.ts'
import { readableLevels, writableLevels } from '../../../policy/field-levels.ts'
import { against, type Against, type Judged } from '../../../policy/judge.ts'
import type { Principal } from '../../../policy/principal.ts'
import { can } from '../../../policy/role-rights.ts'
import { isLimited, type RowFilters } from '../../../policy/row-filters.ts'
import { mayBeShared, sharedRightFor } from '../../../policy/shares.ts'
import { holds, limits, refuses, type Finding } from './findings.ts'

interface Asked {
  readonly premises: Premises
  readonly principal: Principal
  readonly doctype: DocType
  readonly right: Right
  readonly filters: AppFilters
}

/** The row filters of an app's token, by who made them. */
export interface AppFilters {
  /** Of the client: an administrator's. */
  readonly ofSite: RowFilters | undefined
  /** Of the grant: the app's own, and those that its user chose. */
  readonly ofGrant: RowFilters | undefined
  /** Whether the administrator's may be told to who asks. */
  readonly seesSite: boolean
}

/** What the user's permissions and the app's row filters say of documents, or of one. */
export async function documentFindings(asked: Asked, name: string | undefined): Promise<Finding[]> {
  const findings = await permissionFindings(asked, name)
  return findings.some((finding) => finding.outcome === 'refuses') ? findings : [...findings, ...levelFindings(asked)]
}

async function permissionFindings(asked: Asked, name: string | undefined): Promise<Finding[]> {
  const { premises, principal, doctype, right } = asked
  if (!hasSome(premises, principal, doctype, right, name)) return [roleFinding(asked)]
  if (name === undefined || doctype.virtual) return someFindings(asked)
  const { connection } = premises.database
  const held = (await readHeld(premises, connection, doctype, doctype.issingle ? doctype.name : name)) ?? unsaved(premises, doctype)
  if (!held) return [refuses('document', `There is no ${doctype.name} ${name}`, 'Check the name; it counts capitals')]
  const own = await judgeFindings(asked, judged(held))
  // Filters can be of the user's own making: what meets them would tell what stands in a document that they may not read.
  return (await isReadable(asked, judged(held))) ? [...(await filterFindings(asked, held.row.name)), ...own] : own
}

const unsaved = (premises: Premises, doctype: DocType): Held | undefined =>
  doctype.issingle ? unsavedSingle(premises, doctype) : undefined

/** Of documents in general. */
function someFindings(asked: Asked): Finding[] {
  const { principal, doctype, right } = asked
  const held = can(principal, doctype, right)
  const role =
    held === 'yes'
      ? [holds('role', `Roles of ${principal.user} give '${right}' on ${doctype.name}: ${giving(asked).join(', ') || 'all of them'}`)]
      : []
  const own =
    held === 'own'
      ? [
          limits(
            'if owner',
            `Roles give '${right}' on documents of ${doctype.name} that ${principal.user} made, and on no others`,
            otherRoles(asked),
          ),
        ]
      : []
  const shared =
    held === 'no' ? [limits('share', `No role gives '${right}' on ${doctype.name}; shares do on single documents`, otherRoles(asked))] : []
  const rows = isLimited(principal, doctype.name)
    ? [limits('row filter', `The app reaches only documents that its row filters let through: ${shownFilters(asked)}`, WIDEN)]
    : []
  const permissions = permissionsOn(asked)
  const users =
    permissions.length > 0
      ? [
          limits(
            'user permission',
            `User permissions restrict ${principal.user} to: ${permissions.join('; ')}`,
            'A System Manager changes the User Permissions',
          ),
        ]
      : []
  return [...role, ...own, ...shared, ...rows, ...users]
}

const WIDEN = 'A System Manager changes the row filters of the app; those that the user chose change with a new consent'

const shownFilters = ({ filters: { ofSite, ofGrant, seesSite }, doctype }: Asked): string => {
  const shown = (filters: RowFilters | undefined): string[] =>
    (filters?.get(doctype.name) ?? []).map(({ fieldname, operator, value }) => `${fieldname} ${operator} ${JSON.stringify(value)}`)
  const site = shown(ofSite)
  const all = [...(seesSite || site.length === 0 ? site : ['what an administrator set']), ...shown(ofGrant)]
  return all.length > 0 ? all.join(' and ') : 'those about documents that it reaches'
}

const permissionsOn = ({ principal, doctype }: Asked): string[] => {
  const linked = new Set([doctype.name, ...doctype.fields.filter((field) => field.fieldtype === 'Link').map((field) => field.options)])
  const of = principal.userPermissions.filter(
    (permission) => linked.has(permission.allow) && (permission.applicable_for === null || permission.applicable_for === doctype.name),
  )
  return [...Map.groupBy(of, (permission) => permission.allow)].map(
    ([allow, list]) => `${allow} ${list.map((one) => one.for_value).join(', ')}`,
  )
}

async function filterFindings(asked: Asked, name: string): Promise<Finding[]> {
  const { premises, principal, doctype } = asked
  if (!isLimited(principal, doctype.name)) return []
  if (await isReached(premises, premises.database.connection, principal, doctype, name))
    return [holds('row filter', `The document meets the row filters of the app: ${shownFilters(asked)}`)]
  if (!asked.filters.seesSite && (await meetsOwn(asked, name)))
    return [refuses('row filter', 'A filter that an administrator set for the app keeps the document from it', WIDEN)]
  return [refuses('row filter', `The document is outside of the row filters of the app: ${shownFilters(asked)}`, WIDEN)]
}

/** Whether the document meets those filters that its user may know. */
function meetsOwn({ premises, principal, doctype, filters: { ofGrant } }: Asked, name: string): Promise<boolean> {
  if (!principal.token) return Promise.resolve(true)
  const { rowFilters: _, ...token } = principal.token
  const own = { ...principal, token: ofGrant === undefined ? token : { ...token, rowFilters: ofGrant } }
  return isReached(premises, premises.database.connection, own, doctype, name)
}

async function judgeFindings(asked: Asked, document: Judged): Promise<Finding[]> {
  const { premises, principal, doctype, right } = asked
  const own = premises.controllers.get(doctype.name)?.ownRights?.(principal.user, String(document.name)) ?? []
  const no = against(principal, doctype, right, document, { childOf: childOf(premises), ownRights: own })
  if (!no)
    return [holds('role', `Roles of ${principal.user} give '${right}' on this document: ${giving(asked).join(', ') || 'it is their own'}`)]
  if (await isShared(asked, String(document.name)))
    return [holds('share', `The document is shared with ${principal.user}, with '${right}'`)]
  return [againstFinding(no, asked)]
}

async function isReadable(asked: Asked, document: Judged): Promise<boolean> {
  const findings = await judgeFindings({ ...asked, right: 'read' }, document)
  return findings.every(({ outcome }) => outcome !== 'refuses')
}

async function isShared({ premises, principal, doctype, right }: Asked, name: string): Promise<boolean> {
  const shared = sharedRightFor(right)
  if (shared === undefined || !mayBeShared(principal, doctype, right)) return false
  return (await readSharedRights(premises.database.connection, principal.user, { doctype: doctype.name, name })).has(shared)
}

function againstFinding(no: Against, asked: Asked): Finding {
  const { principal, doctype, right } = asked
  if (no.by === 'role') return roleFinding(asked)
  const share = sharedRightFor(right) === undefined ? '' : `, or share the document with ${principal.user}`
  if (no.by === 'owner')
    return refuses(
      'if owner',
      `Roles give '${right}' on documents of ${doctype.name} that ${principal.user} made; another user made this one`,
      `${otherRoles(asked)}${share}`,
    )
  const { fieldname, values } = no.allowed
  return refuses(
    'user permission',
    `A user permission restricts ${principal.user} to documents whose ${fieldname} is ${values.join(', ')}; this one has another`,
    `A System Manager adds a User Permission for that value${share}`,
  )
}

const SUBMITTED: ReadonlySet<Right> = new Set(['submit', 'cancel', 'amend'])

function roleFinding(asked: Asked): Finding {
  const { principal, doctype, right } = asked
  if (SUBMITTED.has(right) && !doctype.is_submittable)
    return refuses('role', `Documents of ${doctype.name} are not submitted, so nobody can ${right} them`, 'Make the DocType submittable')
  const roles = [...principal.roles].toSorted().join(', ')
  return refuses('role', `None of the roles of ${principal.user} (${roles}) gives '${right}' on ${doctype.name}`, otherRoles(asked))
}

/** Roles that give the right on every document. */
const rolesWith = (doctype: DocType, right: Right): string[] => [
  ...new Set(doctype.permissions.filter((row) => row.permlevel === 0 && !row.if_owner && row.rights.has(right)).map((row) => row.role)),
]

const giving = ({ principal, doctype, right }: Asked): string[] => rolesWith(doctype, right).filter((role) => principal.roles.has(role))

function otherRoles({ principal, doctype, right }: Asked): string {
  const roles = rolesWith(doctype, right).filter((role) => !principal.roles.has(role))
  return roles.length > 0
    ? `Give ${principal.user} one of these roles: ${roles.join(', ')}`
    : `Give one of their roles '${right}' on ${doctype.name}`
}

const READING: ReadonlySet<Right> = new Set(['read', 'print', 'email', 'report', 'export'])
const WRITING: ReadonlySet<Right> = new Set(['write', 'create', 'import', 'submit'])

/** Fields that are left out though the right is there. */
function levelFindings({ principal, doctype, right }: Asked): Finding[] {
  const levels = READING.has(right)
    ? readableLevels(principal, doctype)
    : WRITING.has(right)
      ? writableLevels(principal, doctype)
      : undefined
  if (!levels) return []
  const hidden = doctype.fields.filter((field) => isColumn(field) && !levels.has(field.permlevel))
  if (hidden.length === 0) return []
  const act = READING.has(right) ? 'not shown' : 'not stored'
  return [
    limits(
      'level',
      `These fields are ${act}: ${hidden.map(shownField).join(', ')}`,
      `Give one of their roles a permission row of that level on ${doctype.name}`,
    ),
  ]
}

const shownField = ({ fieldname, permlevel }: DocField): string => `${fieldname} (level ${permlevel})`

import type { Connection } from '@annex/database'
import { FrappeError, invalid, type DocField, type DocType, type Document } from '@annex/protocol'
import { toShown } from '../../doctypes/values/to-shown.ts'
import { ADMINISTRATOR, GUEST, type Principal } from '../../policy/principal.ts'
import { isLimited } from '../../policy/row-filters.ts'
import { canSome } from '../../policy/shares.ts'
import { REACHED, limitsOn } from '../limits/reached.ts'
import { listTargets, type Target } from '../link-store.ts'
import { readSeen } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { columnsOf, fieldOf, rowsOf, tablesOf } from '../shape.ts'

/** One link of a draft: where it stands and where it points. */
interface Link {
  readonly holder: Document
  readonly doctype: DocType
  readonly field: DocField
  readonly target: string
  readonly name: string
  /** `Lines, row 2: ` for a link in a row. */
  readonly place: string
  /** Fields of the holder that take their value from the target. */
  readonly fetching: readonly DocField[]
}

interface Followed {
  /** The document as it was; its unchanged links are known to hold. */
  readonly previous?: Document
  /** Whether values may still be fetched; a submitted document is fixed. */
  readonly fetch: boolean
}

/**
 * Sees that every link of a draft points at a document, and copies what `fetch_from` wants from there.
 * A link to a DocType that this site does not have is not looked at: its documents live elsewhere. A document that the row
 * filters of the caller's app keep from it is as one that is not there.
 *
 * @throws {FrappeError} `LinkValidationError`, `CancelledLinkError`
 */
export async function followLinks(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  draft: Document,
  followed: Followed,
): Promise<void> {
  const links = linksOf(premises, doctype, draft).filter(
    (link) => (followed.fetch && link.fetching.length > 0) || !isKnown(link, draft, followed.previous),
  )
  for (const [target, group] of Map.groupBy(links, (link) => link.target)) {
    const found = await targetsOf(premises, connection, principal, target, group)
    for (const link of found ? group : []) {
      // What stood there before the app came stays, and tells it nothing more of where it points.
      if (isKept(principal, link, found!, draft, followed.previous)) continue
      settle(premises, doctype, link, found!, followed.fetch)
    }
  }
}

function linksOf(premises: Premises, doctype: DocType, draft: Document): Link[] {
  const inRows = tablesOf(doctype).flatMap((table) =>
    rowsOf(draft, table).flatMap((row, index) =>
      linksIn(premises.doctypes.require(table.options), row, `${table.label}, row ${index + 1}: `),
    ),
  )
  return [...linksIn(doctype, draft, ''), ...inRows]
}

function linksIn(doctype: DocType, holder: Document, place: string): Link[] {
  return columnsOf(doctype).flatMap((field) => {
    const name = holder[field.fieldname]
    const target = name === null || name === undefined || name === '' ? undefined : targetOf(field, holder, place)
    if (target === undefined) return []
    const fetching = columnsOf(doctype).filter((other) => other.fetch_from.startsWith(`${field.fieldname}.`))
    return [{ holder, doctype, field, target, name: String(name), place, fetching }]
  })
}

function targetOf(field: DocField, holder: Document, place: string): string | undefined {
  if (field.fieldtype === 'Link') return field.options
  if (field.fieldtype !== 'Dynamic Link') return undefined
  const target = holder[field.options]
  if (typeof target === 'string' && target !== '') return target
  throw invalid(`${place}${field.label} needs the DocType that it points at; set ${field.options} as well`)
}

/** Whether the link stood there before the change. */
function isKnown({ holder, field, target, doctype }: Link, draft: Document, previous: Document | undefined): boolean {
  const before = holder === draft ? previous : rowBefore(holder, previous)
  if (!before || before[field.fieldname] !== holder[field.fieldname]) return false
  return field.fieldtype === 'Link' || (before[field.options] === target && doctype.name === before.doctype)
}

/** A link that stood before, to a document that the row filters of the caller's app keep from it. */
const isKept = (
  principal: Principal,
  link: Link,
  found: ReadonlyMap<string, Target>,
  draft: Document,
  previous: Document | undefined,
): boolean => !found.has(link.name) && isLimited(principal, link.target) && isKnown(link, draft, previous)

function rowBefore(row: Document, previous: Document | undefined): Document | undefined {
  const rows = previous?.[String(row['parentfield'])]
  return Array.isArray(rows) ? (rows as readonly Document[]).find((candidate) => candidate.name === row.name) : undefined
}

async function targetsOf(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  target: string,
  links: readonly Link[],
): Promise<ReadonlyMap<string, Target> | undefined> {
  const doctype = premises.doctypes.get(target)
  if (!doctype) {
    const dynamic = links.find(({ field }) => field.fieldtype === 'Dynamic Link')
    if (dynamic && premises.isElsewhere?.(target) !== true)
      throw new FrappeError('LinkValidationError', `${dynamic.place}${dynamic.field.label}: there is no DocType ${target.slice(0, 140)}`)
    return undefined
  }
  const names = [...new Set(links.map((link) => link.name))]
  if (doctype.virtual) return isLimited(principal, target) ? new Map() : virtualTargets(premises, target, names)
  const columns = links.flatMap((link) => link.fetching.map((field) => sourceOf(field))).filter((column) => hasColumn(doctype, column))
  const stored = await listTargets(premises, connection, doctype, names, columns, limitsOn(premises, principal, doctype, REACHED))
  const rows = isLimited(principal, target)
    ? await seenOf(premises, connection, principal, doctype, stored)
    : [...standingTargets(target), ...stored]
  return new Map(rows.map((row) => [row.name, row]))
}

/**
 * To an app that row filters hold, a document that its user may not read is none to point at, whether it meets them or not; of a
 * DocType that its user reads nothing of, the filters alone count.
 */
async function seenOf(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  targets: readonly Target[],
): Promise<readonly Target[]> {
  if (!canSome(principal, doctype, 'read')) return targets
  const seen: Target[] = []
  for (const target of targets) if (await readSeen(premises, connection, principal, doctype, target.name)) seen.push(target)
  return seen
}

/** Who is there from the first day has no document, and can be named by a link all the same. */
const standingTargets = (target: string): readonly Target[] =>
  target === 'User' ? [ADMINISTRATOR, GUEST].map(({ user }) => ({ name: user, docstatus: 0 })) : []

async function virtualTargets(premises: Premises, target: string, names: readonly string[]): Promise<ReadonlyMap<string, Target>> {
  const virtual = premises.controllers.get(target)?.virtual
  const documents = virtual ? await Promise.all(names.map((name) => virtual.read(name))) : []
  return new Map(
    documents.flatMap((document) => (document ? [[String(document.name), { name: String(document.name), docstatus: 0 }] as const] : [])),
  )
}

const sourceOf = (field: DocField): string => field.fetch_from.slice(field.fetch_from.indexOf('.') + 1)

const hasColumn = (doctype: DocType, column: string): boolean =>
  column === 'name' || column === 'owner' || columnsOf(doctype).some((field) => field.fieldname === column)

function settle(premises: Premises, doctype: DocType, link: Link, found: ReadonlyMap<string, Target>, fetch: boolean): void {
  const target = found.get(link.name)
  // A user permission may speak of documents at the upstream site, whose DocTypes are not kept here.
  if (!target && link.target === 'DocType' && premises.isElsewhere?.(link.name) === true) return
  if (!target)
    throw new FrappeError(
      'LinkValidationError',
      `Could not find ${link.place}${link.field.label}: ${link.target} ${link.name.slice(0, 140)}; make it first or choose another`,
    )
  if (target.docstatus === 2 && doctype.is_submittable && link.field.fieldname !== 'amended_from') {
    throw new FrappeError(
      'CancelledLinkError',
      `${link.place}${link.field.label}: ${link.target} ${link.name} is cancelled; choose another`,
    )
  }
  if (!fetch) return
  const source = premises.doctypes.get(link.target)
  for (const field of link.fetching) {
    if (field.fetch_if_empty && Boolean(link.holder[field.fieldname])) continue
    const from = source && fieldOf(source, sourceOf(field))
    if (sourceOf(field) in target)
      link.holder[field.fieldname] = from ? toShown(from, target[sourceOf(field)] ?? null, premises.zone) : target[sourceOf(field)]
  }
}

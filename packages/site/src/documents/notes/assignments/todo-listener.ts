import type { Connection } from '@annex/database'
import { notPermitted, type Document } from '@annex/protocol'
import type { DocumentEvent, DocumentListener, Premises } from '../../premises.ts'
import { fullNameOf, insertLogEntry } from '../comments/log-entry.ts'
import { alterMirror } from '../mirror.ts'
import type { NoteParts } from '../note-parts.ts'
import { plainText } from '../plain-text.ts'
import { requireReadable, type Referred } from '../require-readable.ts'
import { listOpen } from './assignment-store.ts'

/** A task about a document needs the right to read it, shows in its timeline, and is mirrored in its `_assign`. */
export function toDoListener({ premises }: NoteParts): DocumentListener {
  return async (event) => {
    if (event.doctype.name !== 'ToDo' || event.act === 'rename') return
    if (event.act !== 'remove') {
      await requireHonest(premises(), event)
      await log(premises(), event)
    }
    for (const about of referencesOf(event)) await mirrorAssignments(premises(), event.connection, about)
  }
}

async function requireHonest(premises: Premises, { connection, principal, document, previous }: DocumentEvent): Promise<void> {
  const { assigned_by: giver } = document
  if (!previous && giver !== principal.user && !principal.roles.has('System Manager'))
    throw notPermitted('A task is given by whoever makes it: leave assigned_by out, or ask a System Manager to give it for another')
  const [about, before] = [referenceOf(document), previous && referenceOf(previous)]
  if (about && !isSame(about, before)) await requireReadable(premises, connection, principal, about)
}

/** Of one document, the state before and after; of a task that moved to another, both. */
function referencesOf({ document, previous }: DocumentEvent): Referred[] {
  const [about, before] = [referenceOf(document), previous && referenceOf(previous)]
  return [...(before && !isSame(about, before) ? [before] : []), ...(about ? [about] : [])]
}

const isSame = (one: Referred | undefined, other: Referred | undefined): boolean =>
  one?.doctype === other?.doctype && one?.name === other?.name

/** The open tasks are read while the document's row is held, so that two assignments at once are both in it. */
export async function mirrorAssignments(premises: Premises, connection: Connection, about: Referred): Promise<void> {
  await alterMirror(premises, connection, about, '_assign', async (text) => {
    const open = await listOpen(connection, about.doctype, about.name)
    const users = [...new Set(open.map((todo) => todo.allocated_to))].toReversed()
    return text === null && users.length === 0 ? null : JSON.stringify(users)
  })
}

async function log(premises: Premises, event: DocumentEvent): Promise<void> {
  const { connection, principal, document } = event
  const about = referenceOf(document)
  const text = about && (await logText(premises, event))
  if (!about || !text) return
  const type = event.previous ? 'Assignment Completed' : 'Assigned'
  await insertLogEntry(premises, connection, principal.user, type, about, text)
}

async function logText(premises: Premises, { connection, principal, document, previous }: DocumentEvent): Promise<string | undefined> {
  const assignee = document['allocated_to']
  if (typeof assignee !== 'string' || assignee === '') return undefined
  const [who, whom] = [await fullNameOf(premises, connection, principal.user), await fullNameOf(premises, connection, assignee)]
  const isOwn = assignee === principal.user
  if (!previous) {
    const what = plainText(document['description'])
    return isOwn ? `${who} took this on: ${what}` : `${who} assigned ${whom}: ${what}`
  }
  if (previous['status'] === document['status']) return undefined
  if (document['status'] === 'Closed') return `${who} completed the assignment of ${whom}`
  if (document['status'] === 'Cancelled') return isOwn ? `${who} gave up this assignment` : `${who} took the assignment of ${whom} away`
  return undefined
}

function referenceOf(todo: Document): Referred | undefined {
  const { reference_type: doctype, reference_name: name } = todo
  return typeof doctype === 'string' && doctype !== '' && typeof name === 'string' && name !== '' ? { doctype, name } : undefined
}

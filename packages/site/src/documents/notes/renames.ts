import type { Connection } from '@annex/database'
import type { DocumentEvent, DocumentListener, Premises } from '../premises.ts'
import { mirrorAssignments } from './assignments/todo-listener.ts'
import { commentsText } from './comments/comment-mirror.ts'
import { listComments } from './comments/comment-store.ts'
import { insertLogEntry } from './comments/log-entry.ts'
import { alterMirror } from './mirror.ts'
import type { NoteParts } from './note-parts.ts'
import type { Referred } from './require-readable.ts'

const MOST_READ = 1000

/** Whether the document with the new name was there before: another has been joined to it. */
export const isMerge = ({ act, document, previous }: DocumentEvent): boolean => act === 'rename' && previous?.creation !== document.creation

/** A new name is told in the timeline, whether or not changes are tracked; what was said of a document that was merged stands beside the other. */
export function renameListener({ premises }: NoteParts): DocumentListener {
  return async (event) => {
    const { connection, act, principal, document, previous } = event
    if (act !== 'rename' || !previous) return
    const about = { doctype: document.doctype, name: String(document.name) }
    if (isMerge(event)) await mirrorAgain(premises(), connection, about)
    const verb = isMerge(event) ? 'merged' : 'renamed'
    await insertLogEntry(premises(), connection, principal.user, 'Edit', about, `${verb} from ${previous.name} to ${document.name}`)
  }
}

async function mirrorAgain(premises: Premises, connection: Connection, about: Referred): Promise<void> {
  await mirrorAssignments(premises, connection, about)
  const entries = await listComments(connection, about.doctype, about.name, MOST_READ)
  const comments = entries.filter((entry) => entry.comment_type === 'Comment').toReversed()
  await alterMirror(premises, connection, about, '_comments', (text) =>
    comments.length === 0 ? text : commentsText(comments.map((entry) => ({ ...entry }))),
  )
}

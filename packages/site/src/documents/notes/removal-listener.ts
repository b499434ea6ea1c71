import type { Connection } from '@annex/database'
import type { DocumentListener } from '../premises.ts'
import { removeSharesOf } from '../shares/share-store.ts'
import { removeToDos } from './assignments/assignment-store.ts'
import { removeComments } from './comments/comment-store.ts'
import type { Referred } from './require-readable.ts'
import { removeVersions } from './versions/version-store.ts'

/** What was said of a document goes with it: comments, versions, and tasks with all that was said of those. */
export function removalListener(): DocumentListener {
  return async ({ connection, act, document }) => {
    if (act === 'remove') await removeNotes(connection, { doctype: document.doctype, name: String(document.name) })
  }
}

/** Each task is gone before what was said of it is looked for, so that tasks about one another come to an end. */
async function removeNotes(connection: Connection, about: Referred): Promise<void> {
  const waiting = [about]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    await removeComments(connection, next.doctype, next.name)
    await removeVersions(connection, next.doctype, next.name)
    for (const name of await removeToDos(connection, next.doctype, next.name)) {
      await removeSharesOf(connection, { doctype: 'ToDo', name })
      waiting.push({ doctype: 'ToDo', name })
    }
  }
}

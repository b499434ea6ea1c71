import { invalid } from '@annex/protocol'
import type { Method, MethodCall } from '../../../backend/method.ts'
import { requiredText, textIn } from '../arguments.ts'
import { removeLikes } from '../comments/comment-store.ts'
import { insertLogEntry } from '../comments/log-entry.ts'
import { alterMirror, entriesOf } from '../mirror.ts'
import type { NoteParts } from '../note-parts.ts'
import { requireCovered, requireNotable } from '../require-readable.ts'

/** Whoever may read a document may like it; an app that does so for them writes into its timeline, and needs that scope. */
export function likeMethods(parts: NoteParts): readonly Method[] {
  const handler = (call: MethodCall): Promise<void> => toggleLike(parts, call)
  return [{ name: 'frappe.desk.like.toggle_like', httpMethods: ['POST', 'PUT'], guest: false, rights: 'verbs', handler }]
}

async function toggleLike({ premises }: NoteParts, { principal, args, backend }: MethodCall): Promise<void> {
  const about = { doctype: requiredText(args, 'doctype'), name: requiredText(args, 'name') }
  await backend.read(principal, about)
  const { doctypes, database } = premises()
  const doctype = requireNotable(premises(), principal, about.doctype)
  if (doctype.virtual || doctype.issingle) throw invalid(`${doctype.name} has no list of documents to like`)
  const { user } = principal
  const likes = textIn(args, 'add') === 'Yes'
  requireCovered(principal, doctypes.require('Comment'), likes ? 'create' : 'delete')
  await database.transaction((connection) =>
    alterMirror(premises(), connection, about, '_liked_by', async (text) => {
      const fans = entriesOf(text)
      if (fans.includes(user) === likes) return text
      if (likes) await insertLogEntry(premises(), connection, user, 'Like', about, 'Liked')
      else await removeLikes(connection, about.doctype, about.name, user)
      return JSON.stringify(likes ? [...fans, user] : fans.filter((fan) => fan !== user))
    }),
  )
}

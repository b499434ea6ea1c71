import type { Controller } from '../../../doctypes/controller.ts'
import type { NoteParts } from '../note-parts.ts'
import { fullNameOf } from './log-entry.ts'

/** Where a comment stands and who signed it: said once. */
const FIXED = ['comment_type', 'comment_email', 'comment_by', 'reference_doctype', 'reference_name', 'reference_owner'] as const

/** A comment is signed by its writer, with the name that their User shows. Who may sign for another is the listener's to say. */
export function commentController({ premises }: NoteParts): Controller {
  return {
    beforeInsert: async ({ connection, document, user }) => {
      const sent = document['comment_email']
      const email = typeof sent === 'string' && sent.trim() !== '' ? sent.trim() : user
      document['comment_email'] = email.toLowerCase() === user.toLowerCase() ? user : email
      document['comment_by'] = await fullNameOf(premises(), connection, String(document['comment_email']))
      document['reference_owner'] = null
    },
    beforeUpdate: async ({ document, previous }) => {
      for (const fieldname of FIXED) document[fieldname] = previous?.[fieldname] ?? null
    },
  }
}

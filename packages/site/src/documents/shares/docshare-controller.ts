import { invalid, type DocType, type Document } from '@annex/protocol'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { SHARED_RIGHTS, isShareable } from '../../policy/shares.ts'

/** What a DocShare says, made whole: to change a document or to share it is to read it. Who may share is judged after the write. */
export function docShareController(doctypeOf: (name: string) => DocType | undefined): Controller {
  const settle = async ({ document }: Change): Promise<void> => {
    settleSharee(document)
    settleRights(document, doctypeOf)
  }
  return { beforeInsert: settle, beforeUpdate: settle }
}

function settleSharee(document: Document): void {
  if (document['everyone'] === 1) document['user'] = null
  else if (!document['user']) throw invalid('A share is for a user or for everyone; set user, or everyone to 1')
}

function settleRights(document: Document, doctypeOf: (name: string) => DocType | undefined): void {
  const doctype = doctypeOf(String(document['share_doctype']))
  if (!doctype || !isShareable(doctype)) throw invalid(`Documents of ${String(document['share_doctype'])} cannot be shared by themselves`)
  if (document['submit'] === 1 && !doctype.is_submittable)
    throw invalid(`Documents of ${doctype.name} cannot be submitted; share them without submit`)
  if (document['submit'] === 1) document['write'] = 1
  if (SHARED_RIGHTS.some((right) => document[right] === 1)) document['read'] = 1
}

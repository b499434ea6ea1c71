import { notPermitted, type Document } from '@annex/protocol'
import type { Method, MethodCall } from '../../../backend/method.ts'
import { requiredText, textIn } from '../arguments.ts'

/** Comments as Frappe's forms and its documents' own `add_comment` make them. */
export const commentMethods: readonly Method[] = [
  { name: 'frappe.desk.form.utils.add_comment', httpMethods: ['POST', 'PUT'], guest: false, rights: 'verbs', handler: addComment },
  { name: 'frappe.desk.form.utils.update_comment', httpMethods: ['POST', 'PUT'], guest: false, rights: 'verbs', handler: updateComment },
]

/** `comment_type` is not in Frappe's method of this name; a document's own `add_comment` has it. */
async function addComment({ principal, args, backend }: MethodCall): Promise<Document> {
  const about = { doctype: requiredText(args, 'reference_doctype'), name: requiredText(args, 'reference_name') }
  await backend.read(principal, about)
  const signs = principal.roles.has('System Manager') ? textIn(args, 'comment_email') : ''
  const [comment] = await backend.insert(principal, 'Comment', [
    {
      comment_type: textIn(args, 'comment_type') || 'Comment',
      reference_doctype: about.doctype,
      reference_name: about.name,
      content: requiredText(args, 'content'),
      ...(signs === '' ? {} : { comment_email: signs }),
    },
  ])
  return comment!
}

async function updateComment({ principal, args, backend }: MethodCall): Promise<void> {
  const id = { doctype: 'Comment', name: requiredText(args, 'name') }
  const { owner } = await backend.read(principal, id)
  if (owner !== principal.user && principal.user !== 'Administrator')
    throw notPermitted('A comment is changed by its writer alone; write one of your own')
  await backend.update(principal, { ...id, values: { content: requiredText(args, 'content') } })
}

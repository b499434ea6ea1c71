import type { DocumentId } from '../../../backend/backend.ts'
import { MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { parseFlag, parseText, requireText } from '../../list-arguments.ts'
import type { Caller } from '../../write-documents.ts'
import { verbsMethod, WRITING } from '../verbs-method.ts'

/** Three names for one thing, and the one that changes a title beside it. */
export const renameMethods: readonly Method[] = [
  verbsMethod('frappe.client.rename_doc', WRITING, (call) => renameBy(call, 'old_name', 'new_name')),
  verbsMethod('frappe.rename_doc', WRITING, (call) => renameBy(call, 'old', 'new')),
  verbsMethod('frappe.model.rename_doc.rename_doc', WRITING, (call) => renameBy(call, 'old', 'new')),
  verbsMethod('frappe.model.rename_doc.update_document_title', WRITING, updateTitle),
]

function renameBy(call: MethodCall, oldKey: string, newKey: string): Promise<MethodReply> {
  const id = { doctype: requireText(call.args, 'doctype'), name: requireText(call.args, oldKey) }
  return renameDocument(call, id, requireText(call.args, newKey), parseFlag(call.args['merge']))
}

/** The new name, and a sentence about it. */
export async function renameDocument(
  { principal, backend }: Caller,
  id: DocumentId,
  newName: string,
  merge: boolean,
): Promise<MethodReply> {
  const name = await backend.rename(principal, id, newName, { merge })
  const sentence = merge ? `${id.name} is now part of ${name}` : `${id.name} is now called ${name}`
  return new MethodReply({ message: name, messages: [sentence] })
}

/** A new title, a new name, or both; what stays the same is left alone. */
async function updateTitle(call: MethodCall): Promise<unknown> {
  const { args, principal, backend } = call
  const id = { doctype: requireText(args, 'doctype'), name: requireText(args, 'docname') }
  const title = parseText(args, 'title') || parseText(args, 'new_title')
  const name = parseText(args, 'name') || parseText(args, 'new_name')
  if (title !== '') await setTitle(call, id, title)
  return name === '' || name === id.name
    ? id.name
    : (await renameDocument({ principal, backend }, id, name, parseFlag(args['merge']))).parts.message
}

async function setTitle({ principal, backend }: MethodCall, id: DocumentId, title: string): Promise<void> {
  const { title_field: field } = await backend.doctype(principal, id.doctype)
  if (field === '' || field === 'name') return
  const document = await backend.read(principal, id)
  if (document[field] !== title) await backend.update(principal, { ...id, values: { [field]: title } })
}

import { FrappeError, invalid, withoutNulls, type Document, type Values } from '@annex/protocol'
import { MethodReply, type Method, type MethodCall } from '../../backend/method.ts'
import { judged, readHeld } from '../held.ts'
import { hasRight } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { removeDocument } from '../verbs/remove.ts'
import { readLocalFile, type LocalFile } from './file-access.ts'
import { isLocal, isPrivate } from './file-contents.ts'
import { decodeContent } from './file-controller.ts'
import { fileTypeOf } from './file-types.ts'

type Arguments = MethodCall['args']
type Handler = (premises: Premises, call: MethodCall) => Promise<unknown>

const method = (httpMethods: Method['httpMethods'], handler: Handler, guest = false) => ({ httpMethods, handler, guest })
const upload = method(['POST', 'PUT'], uploadFile)
const download = method(['GET', 'POST'], (premises, call) => sendFile(premises, call, false), true)

const METHODS: Readonly<Record<string, ReturnType<typeof method>>> = {
  upload_file: upload,
  uploadfile: upload,
  'frappe.handler.upload_file': upload,
  download_file: download,
  'frappe.handler.download_file': download,
  'frappe.core.doctype.file.file.download_file': download,
  'annex.files.read': method(['GET'], (premises, call) => sendFile(premises, call, true), true),
  'frappe.client.attach_file': method(['POST', 'PUT'], attachFile),
  'frappe.desk.form.utils.remove_attach': method(['POST', 'PUT', 'DELETE'], removeAttachment),
}

/** What apps call to send, attach, fetch and remove files. Each writes and reads documents through the guarded backend. */
export const fileMethods = (premises: () => Premises): Method[] =>
  Object.entries(METHODS).map(([name, { httpMethods, guest, handler }]) => ({
    name,
    httpMethods,
    guest,
    rights: 'verbs',
    handler: (call) => handler(premises(), call),
  }))

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
const isOn = (value: unknown): boolean => [1, '1', true, 'true'].includes(value as string)

function requireText(args: Arguments, name: string): string {
  const text = textOf(args[name])
  if (text === '') throw invalid(`${name} is missing; send it`)
  return text
}

async function uploadFile(premises: Premises, call: MethodCall): Promise<unknown> {
  const { args } = call
  if (textOf(args['method']) !== '')
    throw invalid('upload_file runs no other method here; leave method out, and call it with the file_url that comes back')
  const file = await insertFile(call, {
    is_private: isOn(args['is_private']) ? 1 : 0,
    folder: textOf(args['folder']) || 'Home',
    attached_to_doctype: textOf(args['doctype']) || null,
    attached_to_name: textOf(args['docname']) || null,
    attached_to_field: textOf(args['fieldname']) || null,
    ...(await sourceOf(premises, call)),
  })
  return withoutNulls(file)
}

async function insertFile({ backend, principal }: MethodCall, values: Values): Promise<Document> {
  const [file] = await backend.insert(principal, 'File', [values])
  if (!file) throw new Error('an insert of one document gave none')
  return file
}

/** What the new File holds: the bytes that came, those of a file of the library, or an address. */
async function sourceOf(premises: Premises, { args, files, backend, principal }: MethodCall): Promise<Values> {
  const sent = files.get('file')
  if (sent) return { file_name: sent.filename || textOf(args['file_name']), content: sent.bytes }
  const library = textOf(args['library_file_name'])
  const url =
    library === '' ? textOf(args['file_url']) : textOf((await backend.read(principal, { doctype: 'File', name: library }))['file_url'])
  const name = textOf(args['file_name'] ?? args['filename'])
  if (!isLocal(url)) return { file_name: name, file_url: url }
  // Its bytes, and not its address: whoever may read them may keep them, and the same bytes get the same address.
  const { filename, bytes } = await readLocalFile(premises, backend, principal, url)
  return { file_name: name || filename, content: bytes, is_private: isPrivate(url) ? 1 : 0 }
}

/** Besides the file itself, its address goes into the field that is named. To attach is to change the document. */
async function attachFile(_premises: Premises, call: MethodCall): Promise<unknown> {
  const { args, backend, principal } = call
  const target = { doctype: requireText(args, 'doctype'), name: requireText(args, 'docname') }
  await backend.read(principal, target)
  const text = requireText(args, 'filedata')
  const field = textOf(args['docfield'])
  const file = await insertFile(call, {
    file_name: requireText(args, 'filename'),
    content: isOn(args['decode_base64']) ? decodeContent(text) : Buffer.from(text),
    is_private: isOn(args['is_private']) ? 1 : 0,
    folder: textOf(args['folder']) || 'Home',
    attached_to_doctype: target.doctype,
    attached_to_name: target.name,
    attached_to_field: field || null,
  })
  if (field !== '') await fillField(call, target, field, file)
  return file
}

/** A file that the document does not take is not kept. */
async function fillField(
  { backend, principal }: MethodCall,
  target: { readonly doctype: string; readonly name: string },
  field: string,
  file: Document,
): Promise<void> {
  try {
    await backend.update(principal, { ...target, values: { [field]: file['file_url'] } })
  } catch (error) {
    await backend.remove(principal, { doctype: 'File', name: String(file.name) })
    throw error
  }
}

/** Whoever may change a document may take off what is attached to it, whoever sent that. A token needs its own right to delete. */
async function removeAttachment(premises: Premises, { args, backend, principal }: MethodCall): Promise<void> {
  const id = { doctype: 'File', name: requireText(args, 'fid') }
  try {
    return await backend.remove(principal, id)
  } catch (error) {
    if (principal.token || !(error instanceof FrappeError && error.excType === 'PermissionError')) throw error
    if (!(await mayChangeTarget(premises, principal, id.name))) throw error
  }
  // The right was found on the document: on the File itself it is lent for this one act.
  await removeDocument(premises, { ...principal, roles: new Set(['System Manager']), userPermissions: [] }, id)
}

async function mayChangeTarget(premises: Premises, principal: MethodCall['principal'], name: string): Promise<boolean> {
  const { connection } = premises.database
  const file = await readHeld(premises, connection, premises.doctypes.require('File'), name)
  const doctype = premises.doctypes.get(textOf(file?.row['attached_to_doctype']))
  if (!doctype) return false
  const target = await readHeld(premises, connection, doctype, textOf(file?.row['attached_to_name']))
  return target !== undefined && hasRight(premises, connection, principal, doctype, 'write', judged(target))
}

async function sendFile(premises: Premises, { args, backend, principal }: MethodCall, isShown: boolean): Promise<MethodReply> {
  const url = requireText(args, 'file_url')
  if (!isLocal(url)) throw invalid('file_url must be the address of a file of this site (/files/…); fetch others where they are')
  const { filename, bytes }: LocalFile = await readLocalFile(premises, backend, principal, url)
  const { contentType, inline } = fileTypeOf(filename)
  return new MethodReply({ file: { filename, contentType, bytes, disposition: isShown && inline ? 'inline' : 'attachment' } })
}

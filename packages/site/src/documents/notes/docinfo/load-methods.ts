import { FrappeError, type Document } from '@annex/protocol'
import { MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { requiredText } from '../arguments.ts'
import { hasMirrors } from '../mirror.ts'
import { readMirrors } from '../mirror-store.ts'
import type { NoteParts } from '../note-parts.ts'
import type { Premises } from '../../premises.ts'
import { readDocinfo } from './docinfo.ts'
import { readLinkTitles } from './link-titles.ts'

/** `frappe.desk.form.load.*`: a document with all that a form shows beside it. */
export function loadMethods({ premises }: NoteParts): readonly Method[] {
  return [reading('getdoc', (call) => getDoc(premises(), call)), reading('get_docinfo', (call) => getDocinfo(premises(), call))]
}

const reading = (verb: string, handler: Method['handler']): Method => ({
  name: `frappe.desk.form.load.${verb}`,
  httpMethods: ['GET', 'POST'],
  guest: false,
  rights: 'verbs',
  handler,
})

/** One that is not there is an empty list, as Frappe answers it. */
async function getDoc(premises: Premises, call: MethodCall): Promise<unknown> {
  const document = await readIfThere(call)
  if (!document) return []
  const about = { doctype: document.doctype, name: String(document.name) }
  const [docinfo, titles] = [await readDocinfo(premises, call, about), await readLinkTitles(premises, call, document)]
  return new MethodReply({ body: { docs: [{ ...document, ...(await marksOf(premises, about)) }], docinfo, _link_titles: titles } })
}

async function getDocinfo(premises: Premises, call: MethodCall): Promise<MethodReply> {
  const document = await call.backend.read(call.principal, idIn(call))
  const about = { doctype: document.doctype, name: String(document.name) }
  return new MethodReply({ body: { docinfo: await readDocinfo(premises, call, about) } })
}

const idIn = ({ args }: MethodCall): { doctype: string; name: string } => ({
  doctype: requiredText(args, 'doctype'),
  name: requiredText(args, 'name'),
})

async function readIfThere(call: MethodCall): Promise<Document | undefined> {
  try {
    return await call.backend.read(call.principal, idIn(call))
  } catch (error) {
    if (error instanceof FrappeError && error.excType === 'DoesNotExistError') return undefined
    throw error
  }
}

/** Tags and likes, when there are any. */
async function marksOf({ database, doctypes }: Premises, { doctype, name }: { doctype: string; name: string }): Promise<object> {
  const known = doctypes.get(doctype)
  const mirrors = hasMirrors(known) ? await readMirrors(database.connection, known, name) : undefined
  const { _user_tags: tags, _liked_by: likes } = mirrors ?? {}
  return { ...(tags ? { _user_tags: tags } : {}), ...(likes ? { _liked_by: likes } : {}) }
}

import { CHILD_FIELDS, FrappeError, STANDARD_FIELDS, invalid, isRecord, type Document, type Values } from '@annex/protocol'
import type { DocumentId } from '../../../backend/backend.ts'
import { MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { parseJson, requireDocument, requireList, toDocument, type Arguments } from '../../arguments.ts'
import { insertAll, insertDocument, saveDocument, standingIn, updateDocument } from '../../write-documents.ts'
import { parseText, requireText } from '../../list-arguments.ts'
import { isScopeRefusal, verbsMethod, WRITING } from '../verbs-method.ts'

const MOST_INSERTS = 200
const MOST_UPDATES = 500
/** What the site sets, and no caller. */
const STANDARD: ReadonlySet<string> = new Set([...STANDARD_FIELDS, ...CHILD_FIELDS, 'doctype'])

/** `frappe.client.*` that write. */
export const writeMethods: readonly Method[] = [
  verbsMethod('frappe.client.insert', WRITING, (call) => insertDocument(call, requireDocument(call.args, 'doc'))),
  verbsMethod('frappe.client.insert_many', WRITING, insertMany),
  verbsMethod('frappe.client.set_value', WRITING, setValue),
  verbsMethod('frappe.client.save', WRITING, (call) => saveDocument(call, requireDocument(call.args, 'doc'))),
  verbsMethod('frappe.client.submit', WRITING, submit),
  verbsMethod('frappe.client.cancel', WRITING, (call) => call.backend.setDocstatus(call.principal, requireId(call.args), 2)),
  verbsMethod('frappe.client.delete', ['POST', 'DELETE'], ({ principal, args, backend }) => backend.remove(principal, requireId(args))),
  verbsMethod('frappe.client.bulk_update', WRITING, bulkUpdate),
]

const requireId = (args: Arguments): DocumentId => ({ doctype: requireText(args, 'doctype'), name: requireText(args, 'name') })

/** All or none; of a row, the name of its document comes back. */
async function insertMany(call: MethodCall): Promise<unknown[]> {
  const documents = requireList(call.args, 'docs').map((entry) => toDocument(entry, 'each of docs'))
  if (documents.length > MOST_INSERTS) throw invalid(`Only ${MOST_INSERTS} documents can be inserted in one call; send the rest in another`)
  const doctypes = documents.map(({ doctype }) => doctype)
  const inserted = await insertAll(call, doctypes, documents)
  return inserted.map((document) => ('parenttype' in document ? standingIn(document).name : document.name))
}

function setValue(call: MethodCall): Promise<Document> {
  return updateDocument(call, requireId(call.args), parseChanges(call.args))
}

/** One field and its value, or an object of more; an empty value of one field clears it. */
function parseChanges(args: Arguments): Values {
  const fields = parseFields(args['fieldname'])
  if (typeof fields !== 'string') return fields
  if (STANDARD.has(fields)) throw invalid(`${fields} is set by the site; change another field`)
  return { [fields]: args['value'] || '' }
}

function parseFields(given: unknown): string | Values {
  if (isRecord(given)) return given
  if (typeof given !== 'string' || given.trim() === '')
    throw invalid('fieldname is missing; send the name of a field, or a JSON object of values')
  return given.trim().startsWith('{') ? (parseJson(given, 'fieldname') as Values) : given.trim()
}

/** `doclist` is what the Python client on PyPI calls it. */
function submit(call: MethodCall): Promise<Document> {
  const { args } = call
  const name = args['doc'] === undefined && args['doclist'] !== undefined ? 'doclist' : 'doc'
  return saveDocument(call, requireDocument(args, name), 1)
}

interface FailedUpdate {
  readonly doc: unknown
  /** One line. */
  readonly exc: string
}

/** Each document on its own: one that is refused leaves the others changed. */
async function bulkUpdate(call: MethodCall): Promise<MethodReply> {
  const failed: FailedUpdate[] = []
  const messages: string[] = []
  let changed = 0
  const docs = requireList(call.args, 'docs')
  if (docs.length > MOST_UPDATES) throw invalid(`Only ${MOST_UPDATES} documents can be changed in one call; send the rest in another`)
  for (const doc of docs) {
    try {
      const { doctype, docname, ...values } = toDocument(doc, 'each of docs')
      await updateDocument(call, { doctype, name: parseText({ docname: docname ?? values['name'] }, 'docname') }, values)
      changed += 1
    } catch (error) {
      if (!(error instanceof FrappeError) || (changed === 0 && isScopeRefusal(error))) throw error
      failed.push({ doc, exc: `frappe.exceptions.${error.excType}: ${error.message}` })
      messages.push(error.message)
    }
  }
  return new MethodReply({ message: { failed_docs: failed }, messages })
}

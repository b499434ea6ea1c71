import { FrappeError, invalid } from '@annex/protocol'
import type { Row } from '../../../backend/backend.ts'
import { HTTP_METHODS, MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { requireList } from '../../arguments.ts'
import { defaultOrder, parseCountArguments, parseReportArguments, requireText, shapeRows } from '../../list-arguments.ts'
import { isScopeRefusal, verbsMethod } from '../verbs-method.ts'

export const REPORT_COUNT = 'frappe.desk.reportview.get_count'
const MOST_REMOVALS = 200

/** `frappe.desk.reportview.*`: the lists of Frappe's Desk, in the DocType's own order and without a page unless one is asked for. */
export const reportMethods: readonly Method[] = [
  verbsMethod('frappe.desk.reportview.get', HTTP_METHODS, listAsTable),
  verbsMethod('frappe.desk.reportview.get_list', HTTP_METHODS, async (call) =>
    shapeRows(await listRows(call), { ...call.args, as_dict: 1 }),
  ),
  verbsMethod(REPORT_COUNT, HTTP_METHODS, countRows),
  verbsMethod('frappe.desk.reportview.delete_items', ['POST', 'DELETE'], removeItems),
]

async function listRows({ principal, args, backend }: MethodCall): Promise<Row[]> {
  const name = requireText(args, 'doctype')
  const request = parseReportArguments(name, args)
  if (request.orderBy || request.groupBy) return backend.list(principal, request)
  return backend.list(principal, { ...request, orderBy: defaultOrder(await backend.doctype(principal, name)) })
}

/** Names of columns once, and then values alone; nothing found is an empty list. */
async function listAsTable(call: MethodCall): Promise<unknown> {
  const rows = shapeRows(await listRows(call), { ...call.args, as_dict: 1 }) as Row[]
  const [first] = rows
  if (!first) return []
  const keys = Object.keys(first)
  return { keys, values: rows.map((row) => keys.map((key) => row[key] ?? null)), user_info: {} }
}

async function countRows({ principal, args, backend }: MethodCall): Promise<number> {
  const doctype = requireText(args, 'doctype')
  const count = await backend.count(principal, parseCountArguments(doctype, args))
  const { limit } = parseReportArguments(doctype, { limit: args['limit'] })
  return limit === null || limit === undefined ? count : Math.min(count, limit)
}

/** Each document on its own: those that are refused stay, and the answer says why. */
async function removeItems(call: MethodCall): Promise<MethodReply> {
  const doctype = requireText(call.args, 'doctype')
  const names = requireList(call.args, 'items')
  if (names.length > MOST_REMOVALS) throw invalid(`Only ${MOST_REMOVALS} documents can be removed in one call; send the rest in another`)
  const messages: string[] = []
  let removed = 0
  for (const name of names) {
    if (typeof name !== 'string' && typeof name !== 'number') throw invalid('items must be a JSON list of names')
    try {
      await call.backend.remove(call.principal, { doctype, name: String(name) })
      removed += 1
    } catch (error) {
      if (!(error instanceof FrappeError) || (removed === 0 && isScopeRefusal(error))) throw error
      messages.push(error.message)
    }
  }
  return new MethodReply({ messages })
}

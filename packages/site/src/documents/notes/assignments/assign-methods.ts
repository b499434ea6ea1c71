import { invalid, notPermitted, type Values } from '@annex/protocol'
import { covers } from '../../../policy/covers.ts'
import { MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { formatTimestamp } from '../../../doctypes/values/timestamps.ts'
import { requiredText, requiredTexts, textIn } from '../arguments.ts'
import type { NoteParts } from '../note-parts.ts'
import { requireNotable, type Referred } from '../require-readable.ts'
import { listOpen, type OpenToDo } from './assignment-store.ts'
import { requireAssignees } from './assignees.ts'

/** An open assignment, as Frappe's methods list it. */
interface Assignment {
  readonly owner: string
  /** Of the ToDo. */
  readonly name: string
}

const SHOWN = 5
const MOST_AT_ONCE = 200
const METHOD = 'frappe.desk.form.assign_to'

/** `frappe.desk.form.assign_to.*`: a document is given to people, as ToDos that refer to it. */
export function assignMethods(parts: NoteParts): readonly Method[] {
  return [
    writing('add', (call) => add(parts, call, referredIn(call))),
    writing('add_multiple', (call) => addMany(parts, call)),
    writing('remove', (call) => end(parts, call, 'Cancelled')),
    writing('close', (call) => close(parts, call)),
    { ...writing('get', (call) => get(parts, call)), httpMethods: ['GET', 'POST'] },
  ]
}

const writing = (verb: string, handler: Method['handler']): Method => ({
  name: `${METHOD}.${verb}`,
  httpMethods: ['POST', 'PUT'],
  guest: false,
  rights: 'verbs',
  handler,
})

const referredIn = ({ args }: MethodCall): Referred => ({ doctype: requiredText(args, 'doctype'), name: requiredText(args, 'name') })

/** Those who have the document already are left as they are, and named in a message. */
async function add(parts: NoteParts, call: MethodCall, about: Referred): Promise<MethodReply> {
  const { principal, args, backend } = call
  const users = requiredTexts(args, 'assign_to')
  await requireDocument(parts, call, about)
  const before = await openOf(parts, about)
  const has = (user: string): boolean => before.some((todo) => todo.allocated_to === user)
  const asked = users.filter((user) => !has(user))
  const messages = users.length > asked.length ? [`Already assigned to ${users.filter(has).join(', ')}`] : []
  const withoutSight = await requireAssignees(parts, about, asked)
  for (const user of withoutSight) {
    await backend.call(principal, { method: 'frappe.share.add', httpMethod: 'POST', args: { ...about, user, read: 1 } })
    messages.push(`Shared with ${user}, who could not read it`)
  }
  const todos = asked.map((user) => toDoFor(parts, call, about, user))
  const made = todos.length === 0 ? [] : await backend.insert(principal, 'ToDo', todos)
  const mine = new Set(made.map((todo) => String(todo.name)))
  const open = await openOf(parts, about)
  return new MethodReply({ message: shown(maySeeAll(parts, call) ? open : open.filter((todo) => mine.has(todo.name))), messages })
}

function toDoFor({ premises }: NoteParts, { principal, args }: MethodCall, about: Referred, user: string): Values {
  const giver = principal.roles.has('System Manager') ? textIn(args, 'assigned_by') : ''
  return {
    allocated_to: user,
    reference_type: about.doctype,
    reference_name: about.name,
    description: textIn(args, 'description') || `Assignment for ${about.doctype} ${about.name}`,
    priority: textIn(args, 'priority') || 'Medium',
    status: 'Open',
    date: textIn(args, 'date') || formatTimestamp(premises().clock.now(), premises().zone).slice(0, 10),
    ...(giver === '' ? {} : { assigned_by: giver }),
  }
}

async function addMany(parts: NoteParts, call: MethodCall): Promise<void> {
  const doctype = requiredText(call.args, 'doctype')
  const names = requiredTexts(call.args, 'name')
  if (names.length > MOST_AT_ONCE) throw invalid(`At most ${MOST_AT_ONCE} documents are assigned in one call; send the rest in another`)
  for (const name of names) await add(parts, call, { doctype, name })
}

/** A task of one's own is closed; whoever gave it takes it away. */
async function close(parts: NoteParts, call: MethodCall): Promise<Assignment[]> {
  if (textIn(call.args, 'assign_to') !== call.principal.user)
    throw notPermitted('Only the person it was given to can complete an assignment; remove it instead')
  return end(parts, call, 'Closed')
}

/** Through the ToDo's own verb: who may change it is judged there. */
async function end(parts: NoteParts, call: MethodCall, status: 'Closed' | 'Cancelled'): Promise<Assignment[]> {
  const { principal, args, backend } = call
  const about = referredIn(call)
  const user = requiredText(args, 'assign_to')
  await requireDocument(parts, call, about)
  for (const { name, allocated_to: assignee } of await openOf(parts, about))
    if (assignee === user) await backend.update(principal, { doctype: 'ToDo', name, values: { status } })
  return maySeeAll(parts, call) ? shown(await openOf(parts, about)) : []
}

async function get(parts: NoteParts, call: MethodCall): Promise<Assignment[]> {
  const about = referredIn(call)
  await requireDocument(parts, call, about)
  return maySeeAll(parts, call) ? shown(await openOf(parts, about)) : []
}

/** Judged by the guard and by permissions: what follows looks below both. */
async function requireDocument({ premises }: NoteParts, { principal, backend }: MethodCall, about: Referred): Promise<void> {
  await backend.read(principal, about)
  requireNotable(premises(), principal, about.doctype)
}

const openOf = ({ premises }: NoteParts, { doctype, name }: Referred): Promise<OpenToDo[]> =>
  listOpen(premises().database.connection, doctype, name)

const maySeeAll = ({ premises }: NoteParts, { principal }: MethodCall): boolean =>
  covers(principal, premises().doctypes.require('ToDo'), 'read')

const shown = (todos: readonly OpenToDo[]): Assignment[] => todos.slice(0, SHOWN).map(({ allocated_to: owner, name }) => ({ owner, name }))

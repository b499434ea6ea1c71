import { isRecord, isTableField, type DocField, type DocType, type Document } from '@annex/protocol'
import type { Change, Controller } from '../doctypes/controller.ts'
import { randomName } from '../doctypes/naming/name-for.ts'
import { defaultsFor } from '../doctypes/values/defaults.ts'
import type { RegisteredEvent } from './registrar.ts'
import { PATIENCE, faultOf, refuse, runHandler } from './run-handler.ts'
import type { DocumentEvent, EventName } from './site-hooks.ts'

export interface EventParts {
  readonly doctypeOf: (name: string) => DocType | undefined
  /** UTC microseconds. */
  readonly now: () => number
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
  /** Milliseconds that one event may take; ten seconds when absent. */
  readonly patience?: number
}

/** What no event may change: the site itself sets them. */
const FIXED = ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'doctype'] as const

/** The events of one DocType, as the documents room calls controllers. */
export function eventController(events: readonly RegisteredEvent[], parts: EventParts): Controller {
  const before = async (change: Change, names: readonly EventName[]): Promise<void> => {
    for (const event of chosen(events, names)) await runBefore(event, change, parts)
  }
  const after = async (change: Change, names: readonly EventName[]): Promise<void> => {
    for (const event of chosen(events, names)) await runAfter(event, change, parts)
  }
  return {
    beforeInsert: (change) => before(change, ['before_insert', ...beforeNames(change)]),
    beforeUpdate: (change) => before(change, beforeNames(change)),
    afterInsert: (change) => after(change, ['after_insert', ...afterNames(change)]),
    afterUpdate: (change) => after(change, afterNames(change)),
    beforeRemove: (change) => after(change, ['on_trash']),
    afterRemove: (change) => after(change, ['after_delete']),
  }
}

/** In the order of the names, and of those of one name in the order in which they were registered. */
const chosen = (events: readonly RegisteredEvent[], names: readonly EventName[]): RegisteredEvent[] =>
  names.flatMap((name) => events.filter((event) => event.event === name))

type Step = 'save' | 'submit' | 'update_after_submit' | 'cancel'

function stepOf({ document, previous }: Change): Step {
  if (document.docstatus === 2) return 'cancel'
  if (document.docstatus === 0) return 'save'
  return previous?.docstatus === 1 ? 'update_after_submit' : 'submit'
}

const BEFORE: Readonly<Record<Step, readonly EventName[]>> = {
  save: ['before_validate', 'validate', 'before_save'],
  submit: ['before_validate', 'validate', 'before_submit'],
  update_after_submit: ['before_update_after_submit'],
  cancel: ['before_cancel'],
}
const AFTER: Readonly<Record<Step, readonly EventName[]>> = {
  save: ['on_update'],
  submit: ['on_update', 'on_submit'],
  update_after_submit: ['on_update_after_submit'],
  cancel: ['on_cancel'],
}
const beforeNames = (change: Change): readonly EventName[] => BEFORE[stepOf(change)]
const afterNames = (change: Change): readonly EventName[] => AFTER[stepOf(change)]

async function runBefore(event: RegisteredEvent, change: Change, parts: EventParts): Promise<void> {
  const { document } = change
  const fixed = FIXED.map((key) => [key, document[key]] as const)
  await run(event, change.doctype.name, { document, previous: change.previous, user: change.user }, parts)
  const altered = fixed.find(([key, value]) => document[key] !== value)
  if (altered) throw faultOf(event.place, event.event, `it sets ${altered[0]}, which the site itself sets`)
  for (const field of change.doctype.fields.filter(isTableField)) completeRows(event, change, field, parts)
}

const runAfter = (event: RegisteredEvent, { doctype, document, previous, user }: Change, parts: EventParts): Promise<void> =>
  run(event, doctype.name, { document: structuredClone(document), previous, user }, parts)

/** The one moment that controllers do not hear of. */
export async function runAfterRename(
  events: readonly RegisteredEvent[],
  renamed: { readonly doctype: DocType; readonly document: Document; readonly previous?: Document; readonly user: string },
  parts: EventParts,
): Promise<void> {
  const { doctype, document, previous, user } = renamed
  for (const event of chosen(events, ['after_rename']))
    await run(event, doctype.name, { document: structuredClone(document), previous, user }, parts)
}

interface Told {
  readonly document: Document
  readonly previous: Document | undefined
  readonly user: string
}

function run({ event, handler, place }: RegisteredEvent, doctype: string, told: Told, parts: EventParts): Promise<void> {
  const previous = told.previous && structuredClone(told.previous)
  const moment: DocumentEvent = { event, doctype, document: told.document, previous, user: told.user, refuse }
  return runHandler(place, `${event} of ${doctype}`, () => handler(moment) as void | Promise<void>, parts.patience ?? PATIENCE)
}

/** A row that an event added gets what every row has, and its DocType's defaults. */
function completeRows(event: RegisteredEvent, change: Change, field: DocField, parts: EventParts): void {
  const rows = change.document[field.fieldname]
  if (!Array.isArray(rows) || !rows.every(isRecord))
    throw faultOf(event.place, event.event, `${field.fieldname} must be a list of rows, each an object`)
  for (const row of rows) if (row['name'] === undefined) Object.assign(row, newRow(change, field, row, parts))
}

function newRow({ doctype, document, user }: Change, field: DocField, row: Record<string, unknown>, parts: EventParts): object {
  const child = parts.doctypeOf(field.options)
  const defaults = child ? defaultsFor(child, user, parts.now(), parts.zone) : {}
  return {
    ...Object.fromEntries((child?.fields ?? []).map(({ fieldname }) => [fieldname, null])),
    ...defaults,
    ...row,
    name: randomName(),
    owner: document.owner,
    creation: document.modified,
    modified: document.modified,
    modified_by: document.modified_by,
    docstatus: document.docstatus,
    idx: 0,
    doctype: field.options,
    parentfield: field.fieldname,
    parenttype: doctype.name,
  }
}

import { randomUUID } from 'node:crypto'
import type { Connection, Dialect, Generation } from '@annex/database'
import { FrappeError, RIGHTS, invalid, isRecord } from '@annex/protocol'
import type { DocType, Document } from '@annex/protocol'
import type { Change, Controller } from './controller.ts'
import { isCore } from './core-doctypes.ts'
import { hasDocuments, listChildTypes } from './doctype-store.ts'
import type { DocTypes } from './doctypes.ts'
import { parseDocType } from './parse-doctype.ts'
import { createTable, dropTable, syncTable } from './tables.ts'

/** Whether documents of a DocType live at another site; nothing is known of it here, and a Link may point at it. */
export type IsElsewhere = (doctype: string) => boolean

/**
 * What makes a DocType document a DocType: it is checked before it is written, its table follows it in
 * the same transaction, and every process learns that it has changed. Who may do so is for its permissions to say.
 */
export function doctypeController(
  doctypes: DocTypes,
  generation: Generation,
  dialect: Dialect,
  isElsewhere: IsElsewhere = () => false,
): Controller {
  return {
    beforeInsert: async (change) => {
      refuseCore(change.document.name)
      change.document['doctype_id'] = randomUUID()
      await settle(change, isElsewhere)
    },
    beforeUpdate: async (change) => {
      refuseCore(change.document.name)
      change.document['doctype_id'] = change.previous?.['doctype_id']
      await settle(change, isElsewhere)
    },
    afterInsert: async ({ connection, document }) => {
      await createTable(connection, dialect, definitionOf(document))
      await generation.bump(connection)
    },
    afterUpdate: async ({ connection, document, previous }) => {
      if (previous) await syncTable(connection, dialect, definitionOf(document), definitionOf(previous))
      await generation.bump(connection)
    },
    beforeRemove: (change) => refuseUsed(doctypes, change),
    afterRemove: async ({ connection, document }) => {
      await dropTable(connection, dialect, definitionOf(document))
      await generation.bump(connection)
    },
    afterCommit: () => doctypes.load(),
  }
}

function refuseCore(name: string | number): void {
  if (isCore(String(name)))
    throw new FrappeError('PermissionError', `DocType ${name} comes with the site and cannot be changed or removed`, { errorMessage: true })
}

const definitionOf = (document: Document): DocType => parseDocType(document, { origin: 'api', id: String(document['doctype_id']) })

/** Checks the definition and writes what was left out into it, so that what is stored is what was checked. */
async function settle({ connection, document }: Change, isElsewhere: IsElsewhere): Promise<void> {
  const doctype = definitionOf(document)
  await checkTargets(connection, doctype, isElsewhere)
  rowsOf(document, 'fields').forEach((row, index) => {
    const field = doctype.fields[index]
    if (field) Object.assign(row, { fieldname: field.fieldname, fieldtype: field.fieldtype, label: field.label })
  })
  rowsOf(document, 'permissions').forEach((row, index) => {
    const granted = doctype.permissions[index]?.rights
    for (const right of RIGHTS) row[right] = granted?.has(right) ? 1 : 0
  })
}

const rowsOf = (document: Document, key: string): Record<string, unknown>[] => {
  const rows = document[key]
  return Array.isArray(rows) ? rows.filter(isRecord) : []
}

async function checkTargets(connection: Connection, doctype: DocType, isElsewhere: IsElsewhere): Promise<void> {
  const pointing = doctype.fields.filter((field) => ['Link', 'Table', 'Table MultiSelect'].includes(field.fieldtype))
  const childTypes = await listChildTypes(connection, [...new Set(pointing.map((field) => field.options))])
  for (const { fieldname, fieldtype, options } of pointing) {
    if (fieldtype === 'Link' && isElsewhere(options)) continue
    const isChild = options === doctype.name ? doctype.istable : childTypes.get(options)
    if (isChild === undefined) throw invalid(`Field ${fieldname}: there is no DocType ${options}; make it first`)
    if (fieldtype !== 'Link' && (!isChild || options === doctype.name))
      throw invalid(`Field ${fieldname}: ${options} is not a child table; a ${fieldtype} field needs one`)
    if (fieldtype === 'Link' && isChild) throw invalid(`Field ${fieldname}: ${options} is a child table, and nothing can link to its rows`)
  }
}

async function refuseUsed(doctypes: DocTypes, { connection, document }: Change): Promise<void> {
  refuseCore(document.name)
  const name = String(document.name)
  const user = [...doctypes.linksTo(name), ...doctypes.parentsOf(name)].find(({ doctype }) => doctype.name !== name)
  if (user)
    throw new FrappeError(
      'LinkExistsError',
      `DocType ${name} is used by the field ${user.field.fieldname} of ${user.doctype.name}; remove that field first`,
    )
  if (await hasDocuments(connection, definitionOf(document)))
    throw new FrappeError('LinkExistsError', `DocType ${name} has documents; remove them first`)
}

import { randomUUID } from 'node:crypto'
import type { Connection, Dialect, Generation } from '@annex/database'
import { FrappeError, RIGHTS, invalid, isRecord } from '@annex/protocol'
import type { DocType, Document } from '@annex/protocol'
import type { Change, Controller } from './controller.ts'
import { isCore } from './core-doctypes.ts'
import { findUse, hasDocuments, listChildTypes, raiseDefinitionsVersion } from './doctype-store.ts'
import type { DocTypes } from './doctypes.ts'
import { isCounted } from './naming/name-for.ts'
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
  zone = 'UTC',
): Controller {
  const tell = async (connection: Connection): Promise<void> => {
    await raiseDefinitionsVersion(connection)
    await generation.bump(connection)
  }
  return {
    beforeInsert: async (change) => {
      refuseCore(change.document.name)
      await dialect.lockMigrations(change.connection)
      change.document['doctype_id'] = randomUUID()
      await settle(change, isElsewhere)
    },
    beforeUpdate: async (change) => {
      refuseCore(change.document.name)
      await dialect.lockMigrations(change.connection)
      change.document['doctype_id'] = change.previous?.['doctype_id']
      await refuseRenumbering(change)
      await settle(change, isElsewhere)
    },
    afterInsert: async ({ connection, document }) => {
      await createTable(connection, dialect, definitionOf(document))
      await tell(connection)
    },
    afterUpdate: async ({ connection, document, previous }) => {
      if (previous) await syncTable(connection, dialect, definitionOf(document), definitionOf(previous), zone)
      await tell(connection)
    },
    beforeRemove: async (change) => {
      await dialect.lockMigrations(change.connection)
      await refuseUsed(change)
    },
    afterRemove: async ({ connection, document }) => {
      await dropTable(connection, dialect, definitionOf(document))
      await tell(connection)
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

/** Documents that are counted have numbers for names, and others have not. */
async function refuseRenumbering({ connection, document, previous }: Change): Promise<void> {
  if (!previous) return
  const [next, before] = [definitionOf(document), definitionOf(previous)]
  if (isCounted(next) !== isCounted(before) && (await hasDocuments(connection, next)))
    throw invalid(`DocType ${next.name} has documents: autoname cannot change to or from autoincrement any more`)
}

async function refuseUsed({ connection, document }: Change): Promise<void> {
  refuseCore(document.name)
  const name = String(document.name)
  const user = await findUse(connection, name)
  if (user)
    throw new FrappeError(
      'LinkExistsError',
      `DocType ${name} is used by the field ${user.fieldname} of ${user.parent}; remove that field first`,
    )
  const doctype = definitionOf(document)
  if (!doctype.issingle && (await hasDocuments(connection, doctype)))
    throw new FrappeError('LinkExistsError', `DocType ${name} has documents; remove them first`)
}

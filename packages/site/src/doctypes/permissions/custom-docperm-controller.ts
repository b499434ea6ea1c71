import type { Generation } from '@annex/database'
import { invalid } from '@annex/protocol'
import type { Change, Controller } from '../controller.ts'
import type { DocTypes } from '../doctypes.ts'
import { hasCustomPermission } from './custom-docperm-store.ts'

/** A row of permissions that an administrator lays over a DocType: every process judges by it from the commit on. */
export function customDocPermController(doctypes: DocTypes, generation: Generation): Controller {
  const check = (change: Change): Promise<void> => checkRow(doctypes, change)
  const bump = ({ connection }: Change): Promise<void> => generation.bump(connection)
  return {
    beforeInsert: check,
    beforeUpdate: check,
    afterInsert: bump,
    afterUpdate: bump,
    afterRemove: bump,
    afterCommit: () => doctypes.load(),
  }
}

async function checkRow(doctypes: DocTypes, { connection, document }: Change): Promise<void> {
  const key = {
    parent: textOf(document['parent']),
    role: textOf(document['role']),
    permlevel: Number(document['permlevel'] ?? 0),
    if_owner: Number(document['if_owner'] ?? 0),
  }
  const doctype = doctypes.get(key.parent)
  if (doctype?.istable === true) throw invalid(`${key.parent} is a child table: its rows are judged by the documents that they belong to`)
  if (doctype?.virtual === true && key.if_owner === 1) throw invalid(`Documents of ${key.parent} have no owners; leave if_owner out`)
  if (key.permlevel > 9) throw invalid('permlevel must be a whole number from 0 to 9')
  if (await hasCustomPermission(connection, key, String(document.name)))
    throw invalid(`${key.parent} has a row for role ${key.role} at level ${key.permlevel} already; change that one`)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

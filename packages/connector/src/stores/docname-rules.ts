import { sha256 } from '../core/sealing/base64.ts'
import type { KeptDocname } from './connector-store.ts'

/** Whether a sight is of an older state than the one that is kept. One that did not say is older than any that did. */
export const isOlder = (row: KeptDocname, kept: KeptDocname): boolean => row.modified < kept.modified

/** Whether two sights tell the same of a document; when they were seen does not count. */
export const sameDocname = (a: KeptDocname, b: KeptDocname): boolean => JSON.stringify(told(a)) === JSON.stringify(told(b))

const told = ({ label, description, fields, modified, creation, state, renamedTo }: KeptDocname) => [
  label,
  description,
  sortedFields(fields),
  modified,
  creation,
  state,
  renamedTo,
]

/** As JSON whose names are in order, so that equal fields are equal texts. */
export const sortedFields = (fields: KeptDocname['fields']): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))))

/** A search may have filters of any length, the key of a row may not. */
export const shortSource = async (source: string): Promise<string> => (source.length <= 200 ? source : `sha256:${await sha256(source)}`)

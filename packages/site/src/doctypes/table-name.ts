import { createHash } from 'node:crypto'

/** PostgreSQL cuts longer names off without a word. */
const LONGEST = 63

/** Kysely reads `x as y` as a table with an alias. */
const READ_AS_ALIAS = / as /i

/**
 * The table of a DocType's documents. Where its name would be too long, or would be misread, it ends in `#` and a hash,
 * as no DocType's name can.
 */
export function tableName(doctype: string): string {
  const table = `tab${doctype}`
  if (Buffer.byteLength(table) <= LONGEST && !READ_AS_ALIAS.test(table)) return table
  return `${table.replaceAll(' ', '_').slice(0, LONGEST - 13)}#${shortHash(table)}`
}

/** Twelve hexadecimal characters. */
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

import { createHash } from 'node:crypto'

/** PostgreSQL cuts longer names off without a word. */
const LONGEST = 63

/** The table of a DocType's documents. A name too long for PostgreSQL ends in `#` and a hash, which no DocType's name can. */
export function tableName(doctype: string): string {
  const table = `tab${doctype}`
  if (Buffer.byteLength(table) <= LONGEST) return table
  return `${table.slice(0, LONGEST - 13)}#${shortHash(table)}`
}

/** Twelve hexadecimal characters. */
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

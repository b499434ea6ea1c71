import { createHash } from 'node:crypto'

/** A name in double quotes, safe inside SQL text. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A name for what belongs to a table. PostgreSQL cuts names off after 63 bytes, so a longer one ends in a hash instead. */
export function partName(table: string, part: string): string {
  const name = `${table}~${part}`
  if (Buffer.byteLength(name) <= 63) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `${Buffer.from(name).subarray(0, 46).toString().replaceAll('\u{FFFD}', '')}~${hash}`
}

import { createHash } from 'node:crypto'
import type { Row, Sum, Value } from './parts.ts'

const MODULUS = 1n << 128n

/** A row as it stands in a backup file. */
export const lineOf = (row: Row): string => JSON.stringify(row.map(inJson))

const inJson = (value: Value): unknown => (value instanceof Uint8Array ? { blob: Buffer.from(value).toString('base64') } : value)

/** Adds up the hashes of rows, so that the sum does not depend on their order. */
export class RowSum {
  #rows = 0
  #total = 0n

  add(line: string): void {
    const hash = createHash('sha256').update(line).digest()
    this.#total = (this.#total + (hash.readBigUInt64BE(0) << 64n) + hash.readBigUInt64BE(8)) % MODULUS
    this.#rows += 1
  }

  get rows(): number {
    return this.#rows
  }

  get sum(): Sum {
    return { rows: this.#rows, hash: this.#total.toString(16).padStart(32, '0') }
  }
}

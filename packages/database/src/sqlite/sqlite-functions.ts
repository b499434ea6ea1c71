import type Sqlite from 'better-sqlite3'
import { averageOf, billionthsToText, canonicalDecimal, toBillionths } from '../values/decimal.ts'
import { foldText } from '../values/fold.ts'

/** Billionths, exact. `part` is what has come since `sum` was last brought up to date: adding plain numbers is five times faster. */
interface Total {
  sum: bigint
  part: number
  count: bigint
}

// Below this a stored decimal times a billion is off by less than a quarter, so that rounding finds the whole number it stands for.
const FAST = 1e6
// Adding one more fast number stays within what a number holds exactly.
const FULL = 8e15

/** What PostgreSQL has and SQLite has not, under the names that the dialect uses. */
export function registerFunctions(connection: Sqlite.Database): void {
  connection.function('annex_fold', { deterministic: true }, (value: string | number | null) => fold(value))
  aggregate(connection, 'annex_sum', (total) => total.sum)
  aggregate(connection, 'annex_average', (total) => averageOf(total.sum, total.count))
}

// A number as PostgreSQL writes it, without trailing zeros.
function fold(value: string | number | null): string | null {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : canonicalDecimal(value).replace(/0+$/, '')
  return value === null ? null : foldText(value)
}

function aggregate(connection: Sqlite.Database, name: string, result: (total: Total) => bigint): void {
  connection.aggregate<Total>(name, {
    deterministic: true,
    start: () => ({ sum: 0n, part: 0, count: 0n }),
    step: (total: Total, value: unknown) => add(total, value),
    result: (total) => (total.count === 0n ? null : Number(billionthsToText(result(settled(total))))),
  })
}

function add(total: Total, value: unknown): Total {
  if (value === null) return total
  total.count += 1n
  const x = Number(value)
  if (Math.abs(x) < FAST) total.part += Math.round(x * 1e9)
  else total.sum += toBillionths(x)
  return Math.abs(total.part) > FULL ? settled(total) : total
}

function settled(total: Total): Total {
  total.sum += BigInt(total.part)
  total.part = 0
  return total
}

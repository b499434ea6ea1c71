import type Sqlite from 'better-sqlite3'
import { averageOf, billionthsToText, canonicalDecimal, toBillionths } from '../values/decimal.ts'
import { foldText } from '../values/fold.ts'

interface Total {
  sum: bigint
  count: bigint
}

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
    start: () => ({ sum: 0n, count: 0n }),
    step: (total: Total, value: unknown) => add(total, value),
    result: (total) => (total.count === 0n ? null : Number(billionthsToText(result(total)))),
  })
}

function add(total: Total, value: unknown): Total {
  if (value === null) return total
  total.sum += toBillionths(Number(value))
  total.count += 1n
  return total
}

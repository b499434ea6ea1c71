import type { Report } from '@annex/site'
import { print } from './print.ts'

export interface Shown {
  readonly report: Report
  /** `25 tables, 1234 rows`. */
  total(): string
}

/** One line a table as it is done; of a large one, on a terminal, how far it is. */
export function showProgress(): Shown {
  let [tables, rows] = [0, 0]
  return {
    report: (progress) => {
      if (!progress.done) {
        if (process.stderr.isTTY) process.stderr.write(`${progress.table}: ${progress.rows} rows …\r`)
        return
      }
      tables += 1
      rows += progress.rows
      print(`${progress.table}  ${progress.rows}`)
    },
    total: () => `${tables} tables, ${rows} rows`,
  }
}

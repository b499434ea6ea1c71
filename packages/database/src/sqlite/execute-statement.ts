import type Sqlite from 'better-sqlite3'
import type { QueryResult } from 'kysely'
import { bindable } from '../values/bad-value.ts'

export function executeStatement(statement: Sqlite.Statement, parameters: readonly unknown[]): QueryResult<unknown> {
  const bound = bindable(parameters)
  if (!statement.reader) return { rows: [], numAffectedRows: BigInt(statement.run(bound).changes) }
  const rows = statement.all(bound)
  return statement.readonly ? { rows } : { rows, numAffectedRows: BigInt(rows.length) }
}

import { createShapedIndexes, createShapedTable, dropShapedTable } from '@annex/database'
import type { Connection, Dialect, TableShape } from '@annex/database'
import { REPORT_EVERY, type Part, type Report, type Sum } from './parts.ts'
import { RowSum, lineOf } from './row-sum.ts'
import { RowWriter, readRows } from './rows-store.ts'

/** Every table of a database. Give it the connection of a snapshot, so that all of it is of one moment. */
export async function* readParts(connection: Connection, dialect: Dialect, report: Report = () => {}): AsyncGenerator<Part> {
  for (const table of await dialect.listTables(connection)) {
    yield { kind: 'table', table }
    const sum = new RowSum()
    for await (const rows of readRows(connection, table)) {
      for (const row of rows) sum.add(lineOf(row))
      yield { kind: 'rows', rows }
      if (sum.rows % REPORT_EVERY === 0) report({ table: table.name, rows: sum.rows, done: false })
    }
    yield { kind: 'sum', sum: sum.sum }
    report({ table: table.name, rows: sum.rows, done: true })
  }
}

/**
 * Puts the parts in the place of all that a database holds, in the caller's transaction: what is there goes, and every table is read
 * again to see that its sum is that of its source.
 *
 * @throws {Error} one sentence that names the table; the caller's transaction undoes the rest
 */
export async function replaceAll(connection: Connection, dialect: Dialect, parts: AsyncIterable<Part>): Promise<void> {
  const there = await dialect.listTables(connection)
  for (const table of there) await dropShapedTable(connection, dialect, table)
  // Only SQLite knows which tables it keeps in the order of their key: those that its own migrations made so.
  const keyed = new Set(there.filter((table) => table.keyed).map((table) => table.name))
  let filling: { readonly table: TableShape; readonly writer: RowWriter } | undefined
  for await (const part of parts) {
    if (part.kind === 'table') {
      const table = { ...part.table, keyed: part.table.keyed || keyed.has(part.table.name) }
      await createShapedTable(connection, dialect, table)
      filling = { table, writer: new RowWriter(connection, table) }
    } else if (filling && part.kind === 'rows') await named(filling.table, filling.writer.write(part.rows))
    else if (filling && part.kind === 'sum') {
      await createShapedIndexes(connection, dialect, filling.table)
      await requireSum(connection, filling.table, part.sum)
    }
  }
}

async function named(table: TableShape, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    throw new Error(`A row of the table ${table.name} cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

async function requireSum(connection: Connection, table: TableShape, wanted: Sum): Promise<void> {
  const found = new RowSum()
  for await (const rows of readRows(connection, table)) for (const row of rows) found.add(lineOf(row))
  const { rows, hash } = found.sum
  if (rows !== wanted.rows)
    throw new Error(`The table ${table.name} has ${rows} rows after writing and ${wanted.rows} at its source; nothing was kept`)
  if (hash !== wanted.hash)
    throw new Error(`The rows of the table ${table.name} read otherwise after writing than at their source; nothing was kept`)
}

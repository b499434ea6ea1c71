import { sql } from 'kysely'
import type { Connection } from './database.ts'

/**
 * Runs work inside a transaction so that its failure undoes that work alone: the error is thrown on,
 * and whoever catches it may go on using the transaction.
 */
export async function savepoint<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  if (!connection.isTransaction) throw new Error('A savepoint needs an open transaction: call it with the connection of one')
  await sql`savepoint attempt`.execute(connection)
  try {
    const result = await work()
    await sql`release savepoint attempt`.execute(connection)
    return result
  } catch (error) {
    await sql`rollback to savepoint attempt`.execute(connection)
    await sql`release savepoint attempt`.execute(connection)
    throw error
  }
}

import type { Connection } from '../database.ts'

const tasks = new WeakMap<Connection, (() => void)[]>()

/**
 * Runs the task once the transaction has committed, and never when it is undone. Nobody waits for it, and it must not throw.
 *
 * @param connection - the one that the transaction's work was given
 * @throws {Error} outside a transaction
 */
export function afterCommit(connection: Connection, task: () => void): void {
  if (!connection.isTransaction) throw new Error('There is no commit to wait for: call it with the connection of a transaction')
  const known = tasks.get(connection)
  if (known) known.push(task)
  else tasks.set(connection, [task])
}

/** To be called by an engine when the transaction of that connection has committed. */
export function runCommitTasks(connection: Connection | undefined): void {
  if (connection) for (const task of tasks.get(connection) ?? []) task()
}

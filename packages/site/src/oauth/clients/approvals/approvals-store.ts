import type { Connection } from '@annex/database'

export type ApprovalState = 'Waiting' | 'Approved' | 'Refused'

/** One user's wish to use an app that asks for approval. Times are UTC microseconds. */
export interface ApprovalRow {
  client: string
  user: string
  /** The user's `sub`: a namesake made later has another, and asks anew. */
  sub: string
  state: ApprovalState
  created: number
  decided_by: string | null
  decided_at: number | null
}

type Tables = { client_approval: ApprovalRow; account: { user: string; sub: string; enabled: number } }

export interface Applicant {
  readonly client: string
  readonly user: string
  readonly sub: string
}

/** What was decided for this very user; undefined when they never asked. */
export async function readApproval(connection: Connection, { client, user, sub }: Applicant): Promise<ApprovalRow | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('client_approval').selectAll().where('client', '=', client)
  return query.where('user', '=', user).where('sub', '=', sub).executeTakeFirst()
}

/** Puts a user into the queue, unless they are in it or were decided about. Whether they are new. */
export async function insertApproval(connection: Connection, { client, user, sub }: Applicant, now: number): Promise<boolean> {
  const asked = { state: 'Waiting' as const, created: now, decided_by: null, decided_at: null }
  // Primary key.
  const query = connection
    .withTables<Tables>()
    .insertInto('client_approval')
    .values({ client, user, sub, ...asked })
    .onConflict((conflict) =>
      conflict
        .columns(['client', 'user'])
        .doUpdateSet({ sub, ...asked })
        .where('client_approval.sub', '!=', sub),
    )
  return (await query.returning('client').executeTakeFirst()) !== undefined
}

/** Who waits, or in which state anybody is, oldest first; of one app when it is named. A disabled user waits for nothing until they are enabled. */
export async function listApprovals(connection: Connection, state: ApprovalState, client?: string): Promise<ApprovalRow[]> {
  // Index client_approval_state_created, and the primary key of account for each row.
  let query = connection
    .withTables<Tables>()
    .selectFrom('client_approval as asked')
    .innerJoin('account', (join) => join.onRef('account.user', '=', 'asked.user').onRef('account.sub', '=', 'asked.sub'))
    .selectAll('asked')
    .where('asked.state', '=', state)
  if (state === 'Waiting') query = query.where('account.enabled', '=', 1)
  if (client !== undefined) query = query.where('asked.client', '=', client)
  return query.orderBy('asked.created').orderBy('asked.client').orderBy('asked.user').limit(1000).execute()
}

/** Notes a decision about one who asked. Whether there is such a one. */
export async function updateApproval(
  connection: Connection,
  { client, user }: Pick<ApprovalRow, 'client' | 'user'>,
  decision: Pick<ApprovalRow, 'state' | 'decided_by' | 'decided_at'>,
): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<Tables>().updateTable('client_approval').set(decision).where('client', '=', client)
  return (await query.where('user', '=', user).returning('client').executeTakeFirst()) !== undefined
}

/** Ends what a user asked for, of every app. */
export async function removeApprovalsOf(connection: Connection, user: string): Promise<void> {
  // Index client_approval_user.
  await connection.withTables<Tables>().deleteFrom('client_approval').where('user', '=', user).execute()
}

export async function removeApprovals(connection: Connection, client: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('client_approval').where('client', '=', client).execute()
}

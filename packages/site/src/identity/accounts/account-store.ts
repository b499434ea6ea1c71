import { Generation, keptQuery, type Connection } from '@annex/database'

export type AccountRow = {
  user: string
  sub: string
  enabled: number
  first_name: string
  last_name: string | null
  full_name: string
  user_image: string | null
  desk_user: number
  loopback_only: number
  password_hash: string | null
  password_changed_at: number | null
  api_key: string | null
  api_secret_hash: string | null
  created: number
}

type Tables = {
  account: AccountRow
}

export async function insertAccountRow(connection: Connection, row: AccountRow): Promise<void> {
  await connection.withTables<Tables>().insertInto('account').values(row).execute()
}

export async function readAccountRow(connection: Connection, user: string): Promise<AccountRow | undefined> {
  const [row] = await accountOf(connection, { user })
  return row
}

// Primary key.
const accountOf = keptQuery<{ user: string }, AccountRow>((connection, { user }) =>
  connection.withTables<Tables>().selectFrom('account').selectAll().where('user', '=', user),
)

/** The `sub`s of those users who have an account. */
export async function listSubs(connection: Connection, users: readonly string[]): Promise<Pick<AccountRow, 'user' | 'sub'>[]> {
  if (users.length === 0) return []
  // Primary key.
  return connection.withTables<Tables>().selectFrom('account').select(['user', 'sub']).where('user', 'in', users).execute()
}

/** The account as it is; whoever changes it waits until the transaction is over. */
export async function lockAccountRow(connection: Connection, user: string): Promise<AccountRow | undefined> {
  // Primary key. An update locks the row on either engine.
  return connection.withTables<Tables>().updateTable('account').set({ user }).where('user', '=', user).returningAll().executeTakeFirst()
}

/** Whose API key it is, with the generation for the caches. */
export async function readKeyRow(connection: Connection, apiKey: string): Promise<(AccountRow & { generation: number }) | undefined> {
  // Unique index on account (api_key).
  const query = connection.withTables<Tables>().selectFrom('account').selectAll().select(Generation.expression.as('generation'))
  return query.where('api_key', '=', apiKey).executeTakeFirst()
}

export async function updateAccountRow(
  connection: Connection,
  user: string,
  changes: Partial<Omit<AccountRow, 'user' | 'sub'>>,
): Promise<boolean> {
  // Primary key.
  const result = await connection.withTables<Tables>().updateTable('account').set(changes).where('user', '=', user).executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export async function removeAccountRow(connection: Connection, user: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('account').where('user', '=', user).execute()
}

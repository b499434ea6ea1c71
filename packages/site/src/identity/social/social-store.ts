import type { Connection } from '@annex/database'

/** A sign-in under way at another provider. The browser's secret, and what is derived from it, is not here. */
export type SocialSignInRow = {
  /** SHA-256 of the state, hex. */
  hash: string
  /** SHA-256 of the secret in the browser's cookie, hex. */
  browser: string
  /** Name of the Social Login Key. */
  provider: string
  redirect_to: string
  /** UTC microseconds. */
  expires: number
}

export type SocialIdentityRow = {
  issuer: string
  sub: string
  user: string
  created: number
}

type Tables = {
  social_sign_in: SocialSignInRow
  social_identity: SocialIdentityRow
}

export async function insertSocialSignIn(connection: Connection, row: SocialSignInRow): Promise<void> {
  await connection.withTables<Tables>().insertInto('social_sign_in').values(row).execute()
}

/** Takes a sign-in of this browser that has not run out; there is no second time. */
export async function takeSocialSignIn(
  connection: Connection,
  { hash, browser, provider }: Pick<SocialSignInRow, 'hash' | 'browser' | 'provider'>,
  now: number,
): Promise<SocialSignInRow | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().deleteFrom('social_sign_in').where('hash', '=', hash).where('browser', '=', browser)
  return query.where('provider', '=', provider).where('expires', '>', now).returningAll().executeTakeFirst()
}

export async function removeExpiredSocialSignIns(connection: Connection, now: number): Promise<void> {
  // Index on social_sign_in (expires).
  await connection.withTables<Tables>().deleteFrom('social_sign_in').where('expires', '<=', now).execute()
}

/** Whom a provider's subject is here. */
export async function readSocialIdentity(connection: Connection, issuer: string, sub: string): Promise<SocialIdentityRow | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('social_identity').selectAll()
  return query.where('issuer', '=', issuer).where('sub', '=', sub).executeTakeFirst()
}

/** Ties a subject to a user. False when the subject is tied already, or the user to another of that provider. */
export async function insertSocialIdentity(connection: Connection, row: SocialIdentityRow): Promise<boolean> {
  // Primary key, and unique index on social_identity (user, issuer).
  const query = connection.withTables<Tables>().insertInto('social_identity').values(row)
  const result = await query.onConflict((conflict) => conflict.doNothing()).executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Of one user, the oldest first. */
export async function listSocialIdentities(connection: Connection, user: string): Promise<SocialIdentityRow[]> {
  // Index on social_identity (user, issuer).
  const query = connection.withTables<Tables>().selectFrom('social_identity').selectAll().where('user', '=', user)
  return query.orderBy('created').orderBy('issuer').execute()
}

/** Whether there was such a one. */
export async function removeSocialIdentity(connection: Connection, user: string, issuer: string): Promise<boolean> {
  // Index on social_identity (user, issuer).
  const query = connection.withTables<Tables>().deleteFrom('social_identity').where('user', '=', user).where('issuer', '=', issuer)
  return (await query.executeTakeFirst()).numDeletedRows > 0n
}

/** Of a user who is no more: a namesake who comes later is somebody else. */
export async function removeSocialIdentitiesOf(connection: Connection, user: string): Promise<void> {
  // Index on social_identity (user, issuer).
  await connection.withTables<Tables>().deleteFrom('social_identity').where('user', '=', user).execute()
}

import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createSocial(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, text, time] = (['key', 'text', 'micros'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table social_sign_in (hash ${key} not null primary key, browser ${key} not null, provider ${key} not null,
    redirect_to ${text} not null, expires ${time} not null)`.execute(connection)
  await dialect.createIndex('social_sign_in', ['expires']).execute(connection)
  await sql`create table social_identity (issuer ${key} not null, sub ${key} not null, "user" ${key} not null, created ${time} not null,
    primary key (issuer, sub))`.execute(connection)
  await dialect.createIndex('social_identity', ['user', 'issuer'], { unique: true }).execute(connection)
}

/** Sign-ins under way at other providers, and whom those providers know. */
export const socialMigrations: readonly Migration[] = [{ name: 'social 1: sign-ins elsewhere and identities', up: createSocial }]

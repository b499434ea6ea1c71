import type { Connection, Database, Dialect } from '@annex/database'
import { dialectOf } from '@annex/database'
import { sql } from 'kysely'
import { CHAINED } from './canonical.ts'

const REFUSED = 'audit: rows are added and never changed'

/** Of a row of the trail its batch may be set once, and its address be taken out. */
const sealing = '(new.batch is not distinct from old.batch or old.batch is null)'
const erasing = '((new.ip is not distinct from old.ip and new.salt is not distinct from old.salt) or (new.ip is null and new.salt is null))'
const unchanged = CHAINED.map((column) => `new.${column} is not distinct from old.${column}`).join(' and ')
const ROW_MAY_CHANGE = `${unchanged} and ${sealing} and ${erasing}`

/** What a signed checkpoint covers may go. */
const covered = (number: string): string => `exists (select 1 from audit_checkpoint where number >= old.${number})`
const succeeded = 'exists (select 1 from audit_checkpoint where number > old.number)'

interface Kept {
  readonly table: string
  /** Conditions in SQL; undefined = never. */
  readonly update: string | undefined
  readonly remove: string
}

const TABLES: readonly Kept[] = [
  { table: 'audit', update: ROW_MAY_CHANGE, remove: covered('batch') },
  { table: 'audit_batch', update: undefined, remove: covered('number') },
  { table: 'audit_checkpoint', update: undefined, remove: succeeded },
]

/**
 * Makes the database itself refuse to change or remove what the trail holds. Does nothing where it does so already:
 * called whenever a site is opened, and after its tables were replaced.
 */
export async function protectTrail(connection: Connection, dialect: Dialect): Promise<void> {
  if (dialect.engine === 'sqlite') for (const kept of TABLES) await protectOnSqlite(connection, kept)
  else for (const kept of TABLES) await protectOnPostgres(connection, kept)
}

/** The same in a transaction of its own, only where something is missing. */
export async function keepTrailProtected(database: Database): Promise<void> {
  if (await isProtected(database)) return
  const dialect = dialectOf(database.engine)
  await database.transaction(async (connection) => {
    await dialect.lockMigrations(connection)
    await protectTrail(connection, dialect)
  })
}

const triggersOf = ({ table }: Kept): string[] => [`${table}_no_update`, `${table}_no_delete`]

async function isProtected({ engine, connection }: Database): Promise<boolean> {
  const names = TABLES.flatMap(triggersOf)
  const catalog =
    engine === 'sqlite'
      ? sql<{ n: number }>`select count(*) as n from sqlite_schema where type = 'trigger' and name in (${sql.join(names)})`
      : sql<{
          n: number
        }>`select count(*) as n from pg_trigger join pg_class on pg_class.oid = tgrelid where relnamespace = current_schema()::regnamespace and tgname in (${sql.join(names)})`
  const { rows } = await catalog.execute(connection)
  return rows[0]?.n === names.length
}

async function protectOnSqlite(connection: Connection, { table, update = '0', remove }: Kept): Promise<void> {
  for (const [act, allowed] of [
    ['update', update],
    ['delete', remove],
  ] as const)
    await sql
      .raw(
        `create trigger if not exists ${table}_no_${act} before ${act} on ${table} when not (${allowed}) begin select raise(abort, '${REFUSED}'); end`,
      )
      .execute(connection)
}

async function protectOnPostgres(connection: Connection, { table, update = 'false', remove }: Kept): Promise<void> {
  const body = `begin
    if tg_op = 'UPDATE' then if ${update} then return new; end if; end if;
    if tg_op = 'DELETE' then if ${remove} then return old; end if; end if;
    raise exception '${REFUSED}';
  end`
  const statements = [
    `create or replace function annex_${table}_kept() returns trigger language plpgsql as $annex$ ${body} $annex$`,
    ...['update', 'delete'].flatMap((act) => [
      `drop trigger if exists ${table}_no_${act} on ${table}`,
      `create trigger ${table}_no_${act} before ${act} on ${table} for each row execute function annex_${table}_kept()`,
    ]),
    `drop trigger if exists ${table}_no_truncate on ${table}`,
    `create trigger ${table}_no_truncate before truncate on ${table} for each statement execute function annex_${table}_kept()`,
  ]
  for (const statement of statements) await sql.raw(statement).execute(connection)
}

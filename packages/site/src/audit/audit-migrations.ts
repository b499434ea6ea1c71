import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'
import { commitment, newSalt } from './people/commitment.ts'
import { protectTrail } from './chain/append-only.ts'
import { GENESIS } from './chain/canonical.ts'

const kinds = (dialect: Dialect) => (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))

async function createAudit(connection: Connection, dialect: Dialect): Promise<void> {
  const of = kinds(dialect)
  const [key, short, text, time] = [of('key'), of('short'), of('text'), of('micros')]
  await sql`create table audit (id ${key} not null primary key, at ${time} not null, event ${short} not null, "user" ${key}, client ${key}, grant_id ${key}, ip ${short}, detail ${text})`.execute(
    connection,
  )
  await dialect.createIndex('audit', ['at']).execute(connection)
  await dialect.createIndex('audit', ['user', 'at']).execute(connection)
}

async function chainAudit(connection: Connection, dialect: Dialect): Promise<void> {
  await createChain(connection, dialect)
  await widenAudit(connection, dialect)
  await namePeople(connection)
  await settleRows(connection)
  await dropNames(connection, dialect)
  await protectTrail(connection, dialect)
}

async function createChain(connection: Connection, dialect: Dialect): Promise<void> {
  const of = kinds(dialect)
  const [key, short, text, time, int] = [of('key'), of('short'), of('text'), of('micros'), of('int')]
  await sql`create table audit_person (person ${key} not null primary key, "user" ${key} not null, salt ${key} not null)`.execute(
    connection,
  )
  await dialect.createIndex('audit_person', ['user'], { unique: true }).execute(connection)
  await sql`create table audit_batch (number ${int} not null primary key, at ${time} not null, "rows" ${int} not null, until ${time} not null, head ${key} not null, key_id ${short} not null, signature ${text} not null)`.execute(
    connection,
  )
  await sql`create table audit_checkpoint (number ${int} not null primary key, at ${time} not null, removed ${int} not null, head ${key} not null, key_id ${short} not null, signature ${text} not null)`.execute(
    connection,
  )
  await sql`create table audit_head (id ${int} not null primary key, number ${int} not null, head ${key} not null)`.execute(connection)
  await sql`insert into audit_head (id, number, head) values (1, 0, ${GENESIS})`.execute(connection)
}

async function widenAudit(connection: Connection, dialect: Dialect): Promise<void> {
  const of = kinds(dialect)
  for (const column of ['person', 'about', 'incident', 'address', 'salt'])
    await sql`alter table audit add column ${sql.id(column)} ${of('key')}`.execute(connection)
  await sql`alter table audit add column count ${of('int')} not null default 1`.execute(connection)
  await sql`alter table audit add column batch ${of('int')}`.execute(connection)
}

async function namePeople(connection: Connection): Promise<void> {
  const { rows } = await sql<{ user: string }>`select distinct "user" from audit where "user" is not null`.execute(connection)
  for (const { user } of rows) await namePerson(connection, user)
  await sql`update audit set person = (select person from audit_person where audit_person."user" = audit."user")`.execute(connection)
}

/** The person's name in the chain, made when there is none. */
async function namePerson(connection: Connection, user: string): Promise<string> {
  const { rows } = await sql<{ person: string }>`select person from audit_person where "user" = ${user}`.execute(connection)
  if (rows[0]) return rows[0].person
  const salt = newSalt()
  const person = commitment(salt, user)
  await sql`insert into audit_person (person, "user", salt) values (${person}, ${user}, ${salt})`.execute(connection)
  return person
}

interface OldRow {
  readonly id: string
  readonly ip: string | null
  readonly detail: string | null
}

const PAGE = 500

/** What earlier rows say of addresses and of people is put where it can be erased. */
async function settleRows(connection: Connection): Promise<void> {
  for (let last = ''; ;) {
    // Primary key.
    const { rows } = await sql<OldRow>`select id, ip, detail from audit where id > ${last} order by id limit ${sql.lit(PAGE)}`.execute(
      connection,
    )
    for (const row of rows) await settleRow(connection, row)
    if (rows.length < PAGE) return
    last = rows.at(-1)?.id ?? ''
  }
}

async function settleRow(connection: Connection, { id, ip, detail }: OldRow): Promise<void> {
  if (ip !== null) {
    const salt = newSalt()
    await sql`update audit set salt = ${salt}, address = ${commitment(salt, ip)} where id = ${id}`.execute(connection)
  }
  const { of, ...rest } = readDetail(detail)
  if (typeof of !== 'string') return
  const about = await namePerson(connection, of)
  await sql`update audit set about = ${about}, detail = ${JSON.stringify(rest)} where id = ${id}`.execute(connection)
}

/** One that was cut is no JSON and stays as it is. */
function readDetail(detail: string | null): Record<string, unknown> {
  try {
    return detail === null ? {} : (JSON.parse(detail) as Record<string, unknown>)
  } catch {
    return {}
  }
}

async function dropNames(connection: Connection, dialect: Dialect): Promise<void> {
  for (const name of await dialect.indexesOf(connection, 'audit')) await sql`drop index ${sql.id(name)}`.execute(connection)
  await sql`alter table audit drop column "user"`.execute(connection)
  for (const columns of [['at'], ['person', 'at'], ['client', 'at'], ['incident'], ['batch']])
    await dialect.createIndex('audit', columns).execute(connection)
}

/** The trail's tables. */
export const auditMigrations: readonly Migration[] = [
  { name: 'audit 1: trail', up: createAudit },
  { name: 'audit 2: chain, and names beside it', up: chainAudit },
]

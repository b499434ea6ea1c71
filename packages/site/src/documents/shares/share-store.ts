import type { Connection, Dialect } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { SHARED_RIGHTS, type SharedRight } from '../../policy/shares.ts'

/** Whom a share is for: one user, or everyone who has signed in. */
export type Sharee = { readonly user: string } | { readonly everyone: true }

/** A document, as its shares name it. */
export interface Shared {
  readonly doctype: string
  readonly name: string
}

const SHARES = sql.id('tabDocShare')
const [USER, EVERYONE, READ] = [sql.id('user'), sql.id('everyone'), sql.id('read')]

/** Written so that no index serves it: a user has few shares, a DocType may have very many. */
const isOf = (doctype: string): RawBuilder<unknown> => sql`share_doctype || '' = ${doctype}`

/** The condition that a row's document is shared with a user; the shares are found once for a whole list. */
export function isSharedWith(user: string, doctype: DocType, alias: string): RawBuilder<unknown> {
  const names = (whose: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`select share_name from ${SHARES} where ${whose} and ${isOf(doctype.name)} and ${READ} = 1`
  // Index (user, name), then index (everyone, name).
  return sql`${sql.ref(`${alias}.name`)} in (${names(isFor({ user }))} union all ${names(isFor({ everyone: true }))})`
}

/** The rights that shares give a user on one document; `except` names a share that does not count. */
export async function readSharedRights(
  connection: Connection,
  user: string,
  { doctype, name }: Shared,
  except?: string,
): Promise<ReadonlySet<SharedRight>> {
  const other = except === undefined ? sql`` : sql` and name <> ${except}`
  const columns = sql.join(SHARED_RIGHTS.map((right) => sql`max(${sql.id(right)}) as ${sql.id(right)}`))
  // Index (share_name, name).
  const { rows } = await sql<
    Record<SharedRight, number | null>
  >`select ${columns} from ${SHARES} where share_name = ${name} and share_doctype = ${doctype} and (${USER} = ${user} or ${EVERYONE} = 1) and ${READ} = 1${other}`.execute(
    connection,
  )
  return new Set(SHARED_RIGHTS.filter((right) => rows[0]?.[right] === 1))
}

/** The name of the share of a document with someone; the state inside the transaction, held until it ends. */
export async function findShare(
  connection: Connection,
  dialect: Dialect,
  { doctype, name }: Shared,
  sharee: Sharee,
): Promise<string | undefined> {
  // Index (share_name, name).
  const { rows } = await sql<{
    name: string
  }>`select name from ${SHARES} where share_name = ${name} and share_doctype = ${doctype} and ${isFor(sharee)} order by creation, name limit 1 ${dialect.lockRows}`.execute(
    connection,
  )
  return rows[0]?.name
}

/** Whether documents of the DocType are shared with someone besides the share of this name; that share stays until the transaction ends. */
export async function hasOtherShare(
  connection: Connection,
  dialect: Dialect,
  doctype: string,
  sharee: Sharee,
  except?: string,
): Promise<boolean> {
  const other = except === undefined ? sql`` : sql` and name <> ${except}`
  // Index (user, name), or (everyone, name).
  const { rows } =
    await sql`select name from ${SHARES} where ${isFor(sharee)} and ${isOf(doctype)} and ${READ} = 1${other} limit 1 ${dialect.keepRows}`.execute(
      connection,
    )
  return rows.length > 0
}

/** Removes the shares of a document; gives whom they were for. */
export async function removeSharesOf(connection: Connection, { doctype, name }: Shared): Promise<Sharee[]> {
  // Index (share_name, name).
  const { rows } = await sql<{
    user: string | null
    everyone: number
  }>`delete from ${SHARES} where share_name = ${name} and share_doctype = ${doctype} returning ${USER} as ${USER}, ${EVERYONE} as ${EVERYONE}`.execute(
    connection,
  )
  return rows.map(({ user, everyone }) => (everyone === 1 ? { everyone: true } : { user: user ?? '' }))
}

/** Removes what was shared with a user. */
export async function removeSharesWith(connection: Connection, user: string): Promise<void> {
  // Index (user, name).
  await sql`delete from ${SHARES} where ${USER} = ${user}`.execute(connection)
}

const isFor = (sharee: Sharee): RawBuilder<unknown> => ('everyone' in sharee ? sql`${EVERYONE} = 1` : sql`${USER} = ${sharee.user}`)

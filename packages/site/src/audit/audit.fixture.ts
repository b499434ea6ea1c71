import { createHmac } from 'node:crypto'
import { databaseMigrations, migrate, openDatabase, type Database } from '@annex/database'
import { temporaryDatabase, type Engine } from '../../../../tests/support/databases.ts'
import { Audit } from './audit.ts'
import { auditMigrations } from './audit-migrations.ts'
import type { AuditTables } from './audit-tables.ts'
import { Chain } from './chain/chain.ts'
import type { Signer } from './chain/signer.ts'
import { Trail } from './trail.ts'

const signatureOf = (id: string, text: string): string => createHmac('sha256', `key of ${id}`).update(text).digest('base64url')

/** A key that is in no database. */
export const testSigner = (keyId = 'k1', known: readonly string[] = [keyId]): Signer => ({
  sign: (text) => ({ keyId, signature: signatureOf(keyId, text) }),
  verify: (text, signature) => (known.includes(signature.keyId) ? signatureOf(signature.keyId, text) === signature.signature : undefined),
})

/** One process at a trail. */
export interface Desk {
  readonly database: Database
  readonly audit: Audit
  readonly chain: Chain
  readonly trail: Trail
  readonly faults: unknown[]
  close(): Promise<void>
}

export async function openDesk(url: string, now: () => number, signer: Signer = testSigner()): Promise<Desk> {
  const database = await openDatabase(url)
  const faults: unknown[] = []
  const onFault = (error: unknown): void => void faults.push(error)
  const audit = new Audit({ database, now })
  audit.onFault(onFault)
  const chain = new Chain({ database, signer, now, people: audit.people, onFault })
  return { database, audit, chain, trail: new Trail({ database, audit, signer, now }), faults, close: () => database.close() }
}

export interface AuditWorld extends Desk {
  readonly url: string
  /** Moves the clock, in seconds. */
  advance(seconds: number): void
  readonly now: () => number
}

/** A trail of its own, on a clock that stands still unless it is moved. */
export async function openAuditWorld(engine: Engine): Promise<AuditWorld> {
  const place = await temporaryDatabase(engine)
  let time = 1_700_000_000_000_000
  const now = (): number => (time += 1)
  const desk = await openDesk(place.url, now)
  await migrate(desk.database, [...databaseMigrations, ...auditMigrations])
  const close = async (): Promise<void> => {
    await desk.close()
    await place.remove()
  }
  return { ...desk, url: place.url, now, close, advance: (seconds) => void (time += seconds * 1_000_000) }
}

/** The tables as whoever has the database sees them. */
export const tablesOf = ({ database }: Pick<Desk, 'database'>) => database.connection.withTables<AuditTables>()

export async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of all) list.push(one)
  return list
}

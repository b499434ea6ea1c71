import { bumpGeneration, type Database } from '@annex/database'
import type { Audit } from '../audit.ts'
import { ERASED, readPerson, removeAddressesOf, removePerson } from './people-store.ts'

export interface EraseRequest {
  readonly database: Database
  readonly audit: Audit
  /** Whose name goes. */
  readonly user: string
  /** Who takes it out. */
  readonly by: string
}

/**
 * Takes a person out of the trail: their name and the addresses that they came from. What they did stays, and the chain can
 * still be proven; nobody can find out any more that it was they. False when the trail does not know them.
 */
export async function erasePerson({ database, audit, user, by }: EraseRequest): Promise<boolean> {
  const erased = await database.transaction(
    async (connection) => {
      const found = await readPerson(connection, user)
      if (!found) return false
      await removeAddressesOf(connection, found.person)
      await removePerson(connection, found.person)
      await audit.write(connection, { event: ERASED, user: by, detail: { person: found.person } })
      await bumpGeneration(connection)
      return true
    },
    { durable: true },
  )
  audit.people.forget()
  return erased
}

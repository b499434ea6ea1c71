import type { Connection } from '@annex/database'
import { countLostAddresses, listErasures, listMissingPeople } from './people-store.ts'

/** What was taken out of the trail beside the chain, and not by erasing a person. */
export interface Missing {
  /** People whom rows name and whose name is gone. */
  readonly names: number
  /** Rows whose address is gone. */
  readonly addresses: number
}

/** Each erasure stands in the chain with the person whom it has taken out; what else is not there any more was removed. */
export async function countMissing(connection: Connection): Promise<Missing> {
  const erased = new Set(await listErasures(connection))
  const people = await listMissingPeople(connection)
  const lost = await countLostAddresses(connection)
  const addresses = lost.reduce((sum, { person, rows }) => (person !== null && erased.has(person) ? sum : sum + rows), 0)
  return { names: people.filter((person) => !erased.has(person)).length, addresses }
}

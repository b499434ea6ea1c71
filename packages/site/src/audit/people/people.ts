import type { Connection } from '@annex/database'
import type { PersonRow } from '../audit-tables.ts'
import { commitment, newSalt } from './commitment.ts'
import { insertPeople, readPeople } from './people-store.ts'

const MOST_KNOWN = 10_000

function newPerson(user: string): PersonRow {
  const salt = newSalt()
  return { person: commitment(salt, user), user, salt }
}

/** Users' names in the chain. */
export class People {
  readonly #known = new Map<string, string>()

  /** The users' names in the chain, by user; made in this transaction for those who have none. */
  async namesOf(connection: Connection, users: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>()
    const add = (rows: readonly PersonRow[]): void => rows.forEach(({ user, person }) => names.set(user, person))
    const all = new Set(users)
    for (const user of all) {
      const known = this.#known.get(user)
      if (known !== undefined) names.set(user, known)
    }
    const unnamed = (): string[] => [...all].filter((user) => !names.has(user))
    add(await readPeople(connection, unnamed()))
    // In one order, so that two who name the same users do not wait for each other.
    const missing = unnamed().toSorted()
    const made = missing.map(newPerson)
    add(made)
    await insertPeople(connection, made)
    // Another may have named them at the same moment: theirs is the name then.
    add(await readPeople(connection, missing))
    return names
  }

  /** Remembers what is committed; nothing else may be told, since a transaction may still be undone. */
  learn(rows: readonly PersonRow[]): void {
    if (this.#known.size + rows.length > MOST_KNOWN) this.#known.clear()
    for (const { user, person } of rows) this.#known.set(user, person)
  }

  /** Somebody was erased, or the site restored. */
  forget(): void {
    this.#known.clear()
  }
}

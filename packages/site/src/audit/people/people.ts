import type { Connection } from '@annex/database'
import type { PersonRow } from '../audit-tables.ts'
import { commitment, newSalt } from './commitment.ts'
import { insertPerson, readPerson } from './people-store.ts'

const MOST_KNOWN = 10_000

/** Users' names in the chain. */
export class People {
  readonly #known = new Map<string, string>()

  /** The user's name in the chain, made in this transaction when there is none. */
  async nameOf(connection: Connection, user: string | undefined): Promise<string | null> {
    if (user === undefined) return null
    const known = this.#known.get(user)
    if (known !== undefined) return known
    const found = await readPerson(connection, user)
    if (found) return found.person
    const salt = newSalt()
    const person = commitment(salt, user)
    await insertPerson(connection, { person, user, salt })
    return (await readPerson(connection, user))?.person ?? person
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

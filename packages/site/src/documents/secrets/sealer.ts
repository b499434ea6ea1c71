import type { Connection } from '@annex/database'
import type { SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'

export interface Sealed {
  /** Of the key that opens it, so that keys can be exchanged one value at a time. */
  readonly keyId: string
  readonly text: string
}

/**
 * Makes secrets unreadable for whoever has the database alone. What is sealed for one place opens in no other, and what is
 * sealed for the site of one database in that of no other.
 */
export interface Sealer {
  seal(connection: Connection, secret: string, place: SecretPlace): Promise<Sealed>
  /** @throws {FrappeError} `ValidationError` when its key is not here any more, or it was altered or moved */
  open(connection: Connection, sealed: Sealed, place: SecretPlace): Promise<string>
}

import type { ConnectionStore, StoredConnection } from '../stores/connector-store.ts'
import { randomToken } from './base64.ts'
import type { KeyRing } from './key-ring.ts'
import type { Tokens } from './token-responses.ts'

/** A connection with its tokens open. */
export interface HeldTokens {
  readonly connection: StoredConnection
  readonly access: string
  readonly refresh: string | null
}

/** Who a connection belongs to, as the site said at sign-in. */
export interface Person {
  readonly issuer: string
  readonly subject: string
  readonly name: string
  readonly email: string | null
}

/** Tokens at rest: sealed with the key ring, bound to their row, written by compare-and-swap alone. */
export class Vault {
  readonly #store: ConnectionStore
  readonly #keys: KeyRing

  constructor(store: ConnectionStore, keys: KeyRing) {
    this.#store = store
    this.#keys = keys
  }

  /** Undefined when there is no connection, its access has ended, or its key is no longer in the ring. */
  async read(id: string): Promise<HeldTokens | undefined> {
    const connection = await this.#store.read(id)
    return connection && this.#open(connection)
  }

  /** The connection with new tokens; undefined, and nothing written, when another writer was first. */
  async write(connection: StoredConnection, tokens: Tokens): Promise<HeldTokens | undefined> {
    const next = { ...connection, ...(await this.#seal(connection.id, tokens)), version: connection.version + 1 }
    return (await this.#store.compareAndSwap(next)) ? { connection: next, access: tokens.access, refresh: tokens.refresh } : undefined
  }

  /** Forgets the tokens; false when another writer was first. */
  async wipe(connection: StoredConnection): Promise<boolean> {
    return this.#store.compareAndSwap({ ...connection, sealed: null, scopes: [], expiresAt: 0, version: connection.version + 1 })
  }

  /** Keeps the tokens of a sign-in. A person has one connection at an issuer; `replaced` are the tokens that it had until now. */
  async keep(person: Person, tokens: Tokens): Promise<{ connection: StoredConnection; replaced: HeldTokens | undefined }> {
    const known = await this.#store.find(person.issuer, person.subject)
    if (known !== undefined) {
      const written = await this.write({ ...known, ...person }, tokens)
      return written ? { connection: written.connection, replaced: await this.#open(known) } : this.keep(person, tokens)
    }
    const id = randomToken()
    const connection = { ...person, id, version: 1, ...(await this.#seal(id, tokens)) }
    return (await this.#store.insert(connection)) ? { connection, replaced: undefined } : this.keep(person, tokens)
  }

  async #seal(
    id: string,
    { access, refresh, scopes, issuedAt, expiresAt }: Tokens,
  ): Promise<Pick<StoredConnection, 'sealed' | 'scopes' | 'issuedAt' | 'expiresAt'>> {
    return { sealed: await this.#keys.seal(JSON.stringify([access, refresh]), place(id)), scopes, issuedAt, expiresAt }
  }

  async #open(connection: StoredConnection): Promise<HeldTokens | undefined> {
    const text = connection.sealed === null ? undefined : await this.#keys.open(connection.sealed, place(connection.id))
    if (text === undefined) return undefined
    // What opens was sealed by this class: GCM vouches for its form too.
    const [access, refresh] = JSON.parse(text) as [string, string | null]
    return { connection, access, refresh }
  }
}

const place = (id: string): string => `connection|${id}`

import type { SignInReason } from '../errors.ts'
import type { ConnectionState, ConnectionStore, StoredConnection } from '../../stores/connector-store.ts'
import { randomToken } from '../sealing/base64.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { failed, renewed, signedIn, turn, type StateChange } from './connection-states.ts'
import type { Tokens } from './token-responses.ts'

/** How many connections' tokens are kept open in memory, so that a call need not open them again. */
const MAX_OPEN = 1000

interface OpenTokens {
  readonly access: string
  readonly refresh: string | null
  /** Of the last sign-in; the site takes it as a hint when the person signs out there. */
  readonly idToken: string | null
}

/** A connection with its tokens open. */
export interface HeldTokens extends OpenTokens {
  readonly connection: StoredConnection
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
  readonly #sealer: Sealer
  readonly #tenant: string
  readonly #clock: () => number
  readonly #open = new Map<string, { readonly sealed: string; readonly tokens: OpenTokens }>()

  /** @param options.clock milliseconds since 1970 */
  constructor(
    store: ConnectionStore,
    sealer: Sealer,
    { tenant = '', clock = Date.now }: { readonly tenant?: string; readonly clock?: () => number } = {},
  ) {
    this.#store = store
    this.#sealer = sealer
    this.#tenant = tenant
    this.#clock = clock
  }

  /** The row alone, its tokens shut. */
  connection(id: string): Promise<StoredConnection | undefined> {
    return this.#store.read(id)
  }

  /** Undefined when there is no connection, its access has ended, or its key is no longer in the ring. */
  async read(id: string): Promise<HeldTokens | undefined> {
    const connection = await this.#store.read(id)
    const tokens = connection && (await this.#opened(connection))
    return tokens && { connection, ...tokens }
  }

  /** Why `read` gave nothing. */
  async whyShut(id: string): Promise<SignInReason> {
    const connection = await this.#store.read(id)
    if (connection === undefined) return 'unknown'
    if (connection.state === 'revoked') return 'revoked'
    return connection.sealed === null ? 'expired' : 'keys-lost'
  }

  /** The connection with new tokens; undefined, and nothing written, when another writer was first. */
  async write(connection: StoredConnection, tokens: Tokens): Promise<HeldTokens | undefined> {
    return this.#write(connection, tokens, renewed(connection, tokens.issuedAt))
  }

  /**
   * One step of the table of states, which forgets the tokens where access ends.
   *
   * @returns undefined, and nothing written, when another writer was first or no arrow leads there
   */
  async turn(connection: StoredConnection, to: ConnectionState, reason: string | null): Promise<StoredConnection | undefined> {
    const change = turn(connection, to, reason, this.#clock())
    return change && this.#swap(connection, change)
  }

  /** Remembers, for all processes, that a renewal failed; undefined when another writer was first. */
  async fail(connection: StoredConnection, reason: string, retryAt: number): Promise<StoredConnection | undefined> {
    return this.#swap(connection, failed(connection, reason, this.#clock(), retryAt))
  }

  /** The app has been told of the state; false when another writer was first. */
  async told(connection: StoredConnection): Promise<boolean> {
    return (await this.#swap(connection, { untold: null, unforgotten: false })) !== undefined
  }

  /** What was kept for the person is gone; false when another writer was first. */
  async forgotten(connection: StoredConnection): Promise<boolean> {
    return (await this.#swap(connection, { unforgotten: false })) !== undefined
  }

  /** Forgets the connection, whoever writes it meanwhile. */
  async remove(id: string): Promise<void> {
    this.#open.delete(id)
    const connection = await this.#store.read(id)
    if (connection !== undefined && !(await this.#store.remove(id, connection.version))) await this.remove(id)
  }

  /**
   * Seals the tokens with the current key where they are under an older one.
   *
   * @returns what is stored then: as it was, when it does not open
   */
  async reseal(connection: StoredConnection): Promise<string | null> {
    const { id, sealed } = connection
    const text = sealed === null || this.#sealer.isCurrent(sealed) ? undefined : await this.#sealer.open(sealed, this.#place(id))
    if (text === undefined) return sealed
    const next = await this.#swap(connection, { sealed: await this.#sealer.seal(text, this.#place(id)) })
    if (next !== undefined) return next.sealed
    const now = await this.#store.read(id)
    return now === undefined ? null : this.reseal(now)
  }

  /** Keeps the tokens of a sign-in. A person has one connection at an issuer; `replaced` are the tokens that it had until now. */
  async keep(
    person: Person,
    tokens: Tokens,
  ): Promise<{ readonly connection: StoredConnection; readonly replaced: HeldTokens | undefined; readonly isNew: boolean }> {
    const known = await this.#store.find(person.issuer, person.subject)
    if (known !== undefined) {
      const replaced = await this.#opened(known)
      const written = await this.#write({ ...known, ...person }, tokens, signedIn(tokens.issuedAt))
      if (written === undefined) return this.keep(person, tokens)
      return { connection: written.connection, replaced: replaced && { connection: known, ...replaced }, isNew: false }
    }
    const id = randomToken()
    const connection = { ...person, id, version: 1, ...(await this.#seal(id, tokens)), ...signedIn(tokens.issuedAt) }
    return (await this.#store.insert(connection)) ? { connection, replaced: undefined, isNew: true } : this.keep(person, tokens)
  }

  async #write(connection: StoredConnection, tokens: Tokens, change: StateChange): Promise<HeldTokens | undefined> {
    const next = await this.#swap(connection, { ...(await this.#seal(connection.id, tokens)), ...change })
    if (next === undefined) return undefined
    return { connection: next, access: tokens.access, refresh: tokens.refresh, idToken: tokens.idToken ?? null }
  }

  async #swap(connection: StoredConnection, change: Partial<StoredConnection>): Promise<StoredConnection | undefined> {
    const next = { ...connection, ...change, version: connection.version + 1 }
    return (await this.#store.compareAndSwap(next)) ? next : undefined
  }

  async #seal(id: string, { access, refresh, idToken, scopes, issuedAt, expiresAt }: Tokens) {
    const sealed = await this.#sealer.seal(JSON.stringify([access, refresh, idToken ?? null]), this.#place(id))
    return { sealed, scopes, issuedAt, expiresAt, renewedAt: issuedAt }
  }

  async #opened({ id, sealed }: StoredConnection): Promise<OpenTokens | undefined> {
    const kept = this.#open.get(id)
    if (kept !== undefined && kept.sealed === sealed) return kept.tokens
    this.#open.delete(id)
    const text = sealed === null ? undefined : await this.#sealer.open(sealed, this.#place(id))
    if (sealed === null || text === undefined) return undefined
    // What opens was sealed by this class: GCM vouches for its form too. Rows of before have no id_token.
    const [access, refresh, idToken = null] = JSON.parse(text) as [string, string | null, string | null | undefined]
    const tokens = { access, refresh, idToken }
    const [oldest] = this.#open.keys()
    if (this.#open.size >= MAX_OPEN && oldest !== undefined) this.#open.delete(oldest)
    this.#open.set(id, { sealed, tokens })
    return tokens
  }

  /** What is sealed for one row of one tenant opens nowhere else. */
  #place(id: string): string {
    return this.#tenant === '' ? `connection|${id}` : `${this.#tenant}|connection|${id}`
  }
}

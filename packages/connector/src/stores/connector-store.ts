/** One person's access to one site, as it is stored. Tokens stand in `sealed` alone. */
export interface StoredConnection {
  readonly id: string
  /** Rises by one with each write; the only guard between writers. */
  readonly version: number
  readonly issuer: string
  /** The person's `sub` at the issuer. */
  readonly subject: string
  readonly name: string
  readonly email: string | null
  /** What the site granted, which may be less than was asked. */
  readonly scopes: readonly string[]
  /** The tokens, sealed with the vault's key ring; null once access has ended. */
  readonly sealed: string | null
  /** When the access token was asked for and when it ends, in milliseconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Connections. After the insert, `compareAndSwap` is the only write. */
export interface ConnectionStore {
  read(id: string): Promise<StoredConnection | undefined>
  find(issuer: string, subject: string): Promise<StoredConnection | undefined>
  /** False, and nothing written, when the id or the person at this issuer is there already. */
  insert(connection: StoredConnection): Promise<boolean>
  /** Writes `next` where the stored version is still `next.version - 1`; false when another writer was first. */
  compareAndSwap(next: StoredConnection): Promise<boolean>
  remove(id: string): Promise<void>
  /** Follows a site to its new issuer; a person who is connected at both keeps the newer place. Gives how many moved. */
  move(fromIssuer: string, toIssuer: string): Promise<number>
}

/** Names that one holder at a time may have, across processes, for a limited time. */
export interface LeaseStore {
  /** True when the name was free or its lease over; times are milliseconds. */
  acquire(name: string, holder: string, now: number, leaseMs: number): Promise<boolean>
  /** Gives the name back, if this holder still has it. */
  release(name: string, holder: string): Promise<void>
}

export interface StoredSession {
  /** SHA-256 of the id in the browser's cookie. */
  readonly hash: string
  readonly connection: string
  readonly expiresAt: number
}

export interface SessionStore {
  insert(session: StoredSession): Promise<void>
  /** Undefined when it is unknown or over. */
  read(hash: string, now: number): Promise<StoredSession | undefined>
  remove(hash: string): Promise<void>
  removeAll(connection: string): Promise<void>
}

/** A document's name as a person saw it in a link field. */
export interface SeenLink {
  readonly value: string
  readonly label: string
  readonly description: string
  readonly seenAt: number
}

/** Names seen, by person and DocType; `filters` (JSON, or empty) is the search they came from. */
export interface LinkStore {
  remember(connection: string, doctype: string, filters: string, links: readonly SeenLink[]): Promise<void>
  /** The last seen first. */
  list(connection: string, doctype: string, filters: string, limit: number): Promise<SeenLink[]>
  resolve(connection: string, doctype: string, values: readonly string[]): Promise<SeenLink[]>
  removeAll(connection: string): Promise<void>
}

/** Where a connector keeps what must outlive a request. Each verb is atomic; any number of processes may share one store. */
export interface ConnectorStore {
  readonly connections: ConnectionStore
  readonly leases: LeaseStore
  readonly sessions: SessionStore
  readonly links: LinkStore
}

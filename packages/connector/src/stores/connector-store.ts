/** active: good · degraded: the last renewal failed by weather · needs-sign-in: access is over · revoked: somebody took it away. */
export type ConnectionState = 'active' | 'degraded' | 'needs-sign-in' | 'revoked'

/** One person's access to one site, as it is stored. Tokens stand in `sealed` alone; times are milliseconds since 1970. */
export interface StoredConnection {
  readonly id: string
  /** Rises by one with each write: the only guard between writers, and what fences a renewal off from its successor. */
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
  /** When the access token was asked for and when it ends. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly state: ConnectionState
  /** Why it is in this state, in a word or a sentence; null while all is well. */
  readonly reason: string | null
  readonly stateAt: number
  /** The state that the app has still to be told of; null when it has been. */
  readonly untold: ConnectionState | null
  /** Access has ended, and what was kept for the person may still be there. Never true of one that the app has been told of. */
  readonly unforgotten: boolean
  /** Failed renewals in a row, and until when none is tried, by any process. */
  readonly failures: number
  readonly retryAt: number
  /** When tokens last came from the site. */
  readonly renewedAt: number
}

/** Which connections to list: a page of them, by id. */
export interface ConnectionPage {
  /** Begins behind this id. */
  readonly after?: string
  readonly limit: number
  /** Only those with a state to tell of, or those for whom something may still be kept. */
  readonly only?: 'untold' | 'unforgotten'
}

/** Where a connection stands among those that wait to be renewed. */
export type IdlePlace = Pick<StoredConnection, 'renewedAt' | 'id'>

/** Which connections have gone without a renewal: a page of them, by the time of the last one, then by id. */
export interface IdlePage {
  /** Begins behind this place, also when the connection has left it. */
  readonly after?: IdlePlace | undefined
  readonly limit: number
  readonly renewedBefore: number
}

/** Connections. After the insert, `compareAndSwap` is the only write of a row. */
export interface ConnectionStore {
  read(id: string): Promise<StoredConnection | undefined>
  find(issuer: string, subject: string): Promise<StoredConnection | undefined>
  /** False, and nothing written, when the id or the person at this issuer is there already. */
  insert(connection: StoredConnection): Promise<boolean>
  /** Writes `next` where the stored version is still `next.version - 1`; false when another writer was first. */
  compareAndSwap(next: StoredConnection): Promise<boolean>
  /** Only while the version is still this; false when another writer was first. */
  remove(id: string, version: number): Promise<boolean>
  /** By id. */
  list(page: ConnectionPage): Promise<StoredConnection[]>
  /** Those with tokens that were not renewed since, the longest idle first. */
  idle(page: IdlePage): Promise<StoredConnection[]>
  /** Follows a site to its new issuer, a few at a time; a person who is connected at both keeps the newer place. Gives how many moved. */
  move(fromIssuer: string, toIssuer: string): Promise<number>
}

/** Names that one holder at a time may have, across processes, for a limited time. */
export interface LeaseStore {
  /** True when the name was free or its lease over, by the store's own clock: the clocks of machines may be minutes apart. */
  acquire(name: string, holder: string, leaseMs: number): Promise<boolean>
  /** Gives the name back, if this holder still has it. */
  release(name: string, holder: string): Promise<void>
}

/** One browser of one person; `expiresAt` in milliseconds since 1970. */
export interface StoredSession {
  /** SHA-256 of the id in the browser's cookie. */
  readonly hash: string
  readonly connection: string
  readonly expiresAt: number
  /** The site's name for the browser session, from the id_token; null when it gave none. */
  readonly sid: string | null
}

/** Who is signed in in which browser. */
export interface SessionStore {
  insert(session: StoredSession): Promise<void>
  /** Undefined when it is unknown or over. */
  read(hash: string, now: number): Promise<StoredSession | undefined>
  remove(hash: string): Promise<void>
  /** All of a connection, or those of one browser session of the site. Gives how many. */
  removeAll(connection: string, sid?: string): Promise<number>
  /** The connections that have a session of this browser session of the site, each once. */
  connectionsOf(sid: string): Promise<readonly string[]>
  /** Forgets those that are over, a few at a time. Gives how many. */
  sweep(now: number): Promise<number>
}

/** A docname as one person saw it, or, of a DocType that is declared shared, as anybody did. */
export interface KeptDocname {
  readonly doctype: string
  readonly name: string
  readonly label: string
  readonly description: string
  /** The fields wanted, as the site sent them. */
  readonly fields: Readonly<Record<string, unknown>>
  /** As the site writes them, compared as text; '' when it did not say. */
  readonly modified: string
  readonly creation: string
  /** gone: the site knows it no more. hidden: this person may not see it now. */
  readonly state: 'there' | 'gone' | 'hidden'
  readonly renamedTo: string | null
  readonly seenAt: number
}

/** Docnames by owner: a connection's id, or '' for a DocType that is declared shared. */
export interface DocnameStore {
  /**
   * Upserts; a row whose stored `modified` is greater keeps its label, fields and state, and only `seenAt` rises.
   *
   * @param source the search they came from, '' for none
   * @returns the names that changed
   */
  keep(owner: string, source: string, rows: readonly KeptDocname[]): Promise<readonly string[]>
  /** Those of one source, the last seen first. */
  list(owner: string, doctype: string, source: string, limit: number): Promise<KeptDocname[]>
  resolve(owner: string, doctype: string, names: readonly string[]): Promise<KeptDocname[]>
  /** Whom a change of this document concerns, by owner, after the one given. */
  owners(doctype: string, name: string, page: { readonly after?: string; readonly limit: number }): Promise<string[]>
  /** In one transaction: the old row says where it went, the new one is there. */
  rename(owner: string, from: KeptDocname, to: KeptDocname): Promise<void>
  /** A few at a time: what is kept for this owner meanwhile may stay or go. */
  removeAll(owner: string): Promise<void>
  /** Forgets what nobody has seen since, a few at a time. Gives how many. */
  sweep(seenBefore: number): Promise<number>
}

/** What may be received. */
export const INBOX_KINDS = ['document', 'event', 'logout'] as const

/** One thing that was received, as it is kept until it is worked on; `receivedAt` in milliseconds since 1970. */
export interface InboxEntry {
  readonly id: string
  readonly kind: (typeof INBOX_KINDS)[number]
  readonly payload: string
  readonly receivedAt: number
  /** How often it was taken, this time included. */
  readonly attempts: number
}

/** What was received and is still to be worked on. */
export interface InboxStore {
  /**
   * Durable when it resolves. `repeat`: the id is known. With `again`, only one that waits untaken is a repeat: one that is
   * done or given up waits anew, one that is taken will when its taker is done. One that was taken before counts as received
   * now: its `receivedAt` rises.
   */
  add(entry: Omit<InboxEntry, 'attempts'>, options?: { readonly again?: boolean }): Promise<'added' | 'repeat'>
  /**
   * What of these kinds has been due the longest, of one moment by id; the oldest of it first. Nobody else gets it for so long, by
   * the store's clock.
   * Reads no more than it gives, however much waits.
   */
  take(kinds: readonly InboxEntry['kind'][], limit: number, leaseMs: number): Promise<InboxEntry[]>
  /** Worked on; it is due anew when it was received again meanwhile. */
  done(id: string): Promise<void>
  retry(id: string, delayMs: number, error: string): Promise<void>
  /** Kept to be looked at; it is due anew when it was received again meanwhile. */
  giveUp(id: string, error: string): Promise<void>
  /** The oldest first. */
  list(state: 'waiting' | 'given-up', limit: number): Promise<(InboxEntry & { readonly error: string | null })[]>
  /** Forgets what was received before: of what is done, and of what was given up; a few at a time. Gives how many. */
  sweep(doneBefore: number, givenUpBefore: number): Promise<number>
}

/** This app as a site registered it (RFC 7591). */
export interface StoredRegistration {
  readonly issuer: string
  readonly redirectUri: string
  readonly clientId: string
  /** Sealed; null for a public client. */
  readonly secret: string | null
  readonly registeredAt: number
}

/** What sites gave this app when it registered itself, by issuer and redirect URI. */
export interface RegistrationStore {
  read(issuer: string, redirectUri: string): Promise<StoredRegistration | undefined>
  /** False, and nothing written, when there is one already. */
  insert(registration: StoredRegistration): Promise<boolean>
  /** Writes the secret where the stored one is still `from`; false when another writer was first. */
  compareAndSwap(next: StoredRegistration, from: string | null): Promise<boolean>
  remove(issuer: string, redirectUri: string): Promise<void>
  /** All of them: an app has a few. */
  list(): Promise<StoredRegistration[]>
}

/** The part of one tenant, '' for an app of one site. Nothing of another tenant can be read or written through it. */
export interface TenantStore {
  readonly connections: ConnectionStore
  readonly leases: LeaseStore
  readonly sessions: SessionStore
  readonly docnames: DocnameStore
  readonly inbox: InboxStore
  readonly registrations: RegistrationStore
}

/** Where a connector keeps what must outlive a request. Each verb is atomic; any number of processes may share one store. */
export interface ConnectorStore {
  of(tenant: string): TenantStore
  /** False when what was written may be gone after a crash: a receiver of webhooks says so at its start. */
  readonly durable: boolean
  close?(): Promise<void>
}

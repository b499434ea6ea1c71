import type { Connection, Database } from '@annex/database'
import { isMailAddress } from '@annex/protocol'
import { Limits } from '../../http/limits.ts'
import type { NewMessage } from '../../webhooks/outbox.ts'
import type { PlaceOfSignIn } from './known-places.ts'

export const LETTER = 'letter'

export interface LetterPayload {
  readonly about: 'reset' | 'password' | 'sign-in' | 'code'
  readonly user: string
  /** Of a sign-in, or of a wrong code. */
  readonly ip?: string
  readonly browser?: string
}

export interface LettersParts {
  readonly database: Database
  /** Absent on a site without mail: nothing is written then. */
  readonly outbox: { insert(connection: Connection, message: NewMessage): Promise<unknown> } | undefined
}

/** Of one user: who has their password and many networks must not bury the first such letter under a thousand more. */
const NEW_PLACES = { points: 10, seconds: 3600 }
/** Of one user: the first says what the next would say. */
const WRONG_CODES = { points: 1, seconds: 3600 }

/** What the site tells its users by mail: written with what it tells of, sent later. */
export class Letters {
  readonly #parts: LettersParts
  readonly #newPlaces = new Limits(NEW_PLACES)
  readonly #wrongCodes = new Limits(WRONG_CODES)
  readonly #writing = new Set<Promise<void>>()

  constructor(parts: LettersParts) {
    this.#parts = parts
  }

  /** Whether this site sends mail at all. */
  get isOpen(): boolean {
    return this.#parts.outbox !== undefined
  }

  /** Their password is another now. */
  passwordChanged(connection: Connection, user: string): Promise<void> {
    return this.#write(connection, { about: 'password', user })
  }

  /** Somebody signed in where the user never did; ten such letters an hour are enough for anybody. */
  async signedIn(connection: Connection, user: string, { ip, browser }: PlaceOfSignIn): Promise<void> {
    if (await isWithin(this.#newPlaces, user)) await this.#write(connection, { about: 'sign-in', user, ip, browser })
  }

  /** Somebody who knows the user's password had no good one-time code; told once an hour, however many they try. */
  async codeRefused(connection: Connection, user: string, { ip, browser }: PlaceOfSignIn): Promise<void> {
    if (await isWithin(this.#wrongCodes, user)) await this.#write(connection, { about: 'code', user, ip, browser })
  }

  /** A link to a new password, made when the letter is sent. Returns at once, so that its time tells nobody whether there is such a user. */
  reset(user: string, onFault: (error: unknown) => void): void {
    const done: Promise<void> = this.#parts.database
      .transaction((connection) => this.#write(connection, { about: 'reset', user }), { durable: true })
      .catch(onFault)
      .finally(() => this.#writing.delete(done))
    this.#writing.add(done)
  }

  /** Resolves when nothing is being written that nobody waits for: to be awaited before the database is closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }

  /**
   * Administrator has no address, nor has a user of an earlier release who was named by several. Each user has a queue of their own:
   * one that takes no mail holds up nobody else's.
   */
  async #write(connection: Connection, payload: LetterPayload): Promise<void> {
    if (!isMailAddress(payload.user)) return
    await this.#parts.outbox?.insert(connection, { kind: LETTER, receiver: `letters ${payload.user}`, payload: { ...payload } })
  }
}

const isWithin = (limits: Limits, user: string): Promise<boolean> =>
  limits.consume(user).then(
    () => true,
    () => false,
  )

import type { Connection } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import { Limits } from '../../http/limits.ts'
import { isKnownPlace, type PlaceOfSignIn } from '../letters/known-places.ts'

/** Wrong passwords for one user in ten minutes, of all addresses together. */
const FROM_ANYWHERE = { points: 50, seconds: 600 }

/**
 * Bounds how often one user's password is tried from many addresses. Where the user has signed in before nothing is counted here, so
 * that nobody can lock them out; users that do not exist are counted alike.
 */
export class Guesses {
  readonly #limits = new Limits(FROM_ANYWHERE)

  /**
   * Counts an attempt before it is checked, so that many at once are no way round.
   *
   * @returns what takes the count back when the password was right
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds
   */
  async consume(connection: Connection, user: string, place: PlaceOfSignIn): Promise<() => Promise<void>> {
    if (await isKnownPlace(connection, user, place)) return () => Promise.resolve()
    try {
      await this.#limits.consume(user)
    } catch (error) {
      throw error instanceof FrappeError ? tooMany(error) : error
    }
    return () => this.#limits.giveBack(user)
  }
}

const tooMany = ({ options }: FrappeError): FrappeError => {
  const message = `Too many wrong passwords for this user: wait ${options.headers?.['retry-after']} seconds, or sign in with a browser and from a network where this user has signed in before`
  return new FrappeError('TooManyRequestsError', message, options)
}

import { FrappeError } from '@annex/protocol'
import { addressBlock } from '../../http/address-block.ts'
import { Limits } from '../../http/limits.ts'
import type { Letters } from '../letters/letters.ts'

export interface ForgottenPasswordsParts {
  readonly letters: Pick<Letters, 'isOpen' | 'reset'>
  /** A letter that could not be written, of which nobody waits to hear. */
  readonly onFault: (error: unknown) => void
}

/** As Frappe counts. */
const AN_HOUR = { points: 3, seconds: 3600 }

/** Asking for a new password without the old one, by whatever way: the counts are those of all ways together. */
export class ForgottenPasswords {
  readonly #parts: ForgottenPasswordsParts
  readonly #perAddress = new Limits(AN_HOUR)
  readonly #perUser = new Limits(AN_HOUR)

  constructor(parts: ForgottenPasswordsParts) {
    this.#parts = parts
  }

  /** Whether this site sends letters at all. */
  get isOpen(): boolean {
    return this.#parts.letters.isOpen
  }

  /**
   * Sends the user a link, if there is such a user; the same for every name, in the same time, so that nobody learns who has
   * an account.
   *
   * @throws {FrappeError} `OutgoingEmailError` (501) on a site without mail; `TooManyRequestsError` (429) for the fourth time in
   *   an hour from one address
   */
  async ask(typed: string, ip: string): Promise<void> {
    const { letters, onFault } = this.#parts
    if (!letters.isOpen)
      throw new FrappeError('OutgoingEmailError', 'This site sends no mail; ask a System Manager for a new password', { status: 501 })
    const user = typed.trim().toLowerCase().slice(0, 140)
    await this.#perAddress.consume(addressBlock(ip))
    // Somebody with many addresses fills nobody's mailbox, and is not told so.
    const isWanted = await this.#perUser.consume(user).then(
      () => true,
      () => false,
    )
    if (isWanted) letters.reset(user, onFault)
  }
}

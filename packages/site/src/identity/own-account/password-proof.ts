import { invalid } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Exchange } from '../../http/exchange.ts'
import { Limits } from '../../http/limits.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { LONGEST_PASSWORD } from '../accounts/passwords.ts'

export interface PasswordProofParts {
  readonly accounts: Accounts
  readonly audit: Audit
}

/** For what a session alone must not do, because it may be another's: ten tries a minute for one user, over all pages together. */
export class PasswordProof {
  readonly #parts: PasswordProofParts
  readonly #perUser = new Limits({ points: 10, seconds: 60 })

  constructor(parts: PasswordProofParts) {
    this.#parts = parts
  }

  /**
   * Counts a try of the user at something other than the password.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) when that is one too many
   */
  async count(user: string): Promise<void> {
    await this.#perUser.consume(user)
  }

  /** @throws {FrappeError} `ValidationError` unless the form's `password` is the caller's; `TooManyRequestsError` (429) after ten tries */
  async require({ caller: { user }, form, ip }: Exchange<Principal>): Promise<void> {
    const { accounts, audit } = this.#parts
    await this.count(user)
    const password = form?.get('password') ?? ''
    if (password.length <= LONGEST_PASSWORD && (await accounts.checkPassword(user, password))) return
    await audit.refuse({ event: 'password refused', user, ip, reason: 'The password is not right' })
    throw invalid('The password is not right; check it and try again')
  }
}

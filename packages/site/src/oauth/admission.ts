import type { Generation } from '@annex/database'
import type { Principal } from '../policy/principal.ts'
import { isOpenTo, type Client } from './clients/client.ts'
import type { Users } from './oauth-parts.ts'

export interface AdmissionParts {
  readonly generation: Generation
  readonly users: Users
  readonly allowAdministrator: boolean
}

/** Whom apps may act for. Asked at consent, at the exchange of a code, at every refresh and at every call. */
export class Admission {
  readonly #parts: AdmissionParts

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /** Administrator's rights are handed out only where the site's settings say so. */
  admits(user: string): boolean {
    return user !== 'Guest' && (user !== 'Administrator' || this.#parts.allowAdministrator)
  }

  /** Whether a token of the user's is good, as far as it is for the user to say. */
  async knows(user: string): Promise<boolean> {
    return (await this.#principal(user)) !== undefined
  }

  /** Whether the client may act for the user now: both alive, and the user of a role that the client is open to. */
  async allows(client: Client, user: string): Promise<boolean> {
    const principal = await this.#principal(user)
    return principal !== undefined && client.enabled && isOpenTo(client, principal.roles)
  }

  async #principal(user: string): Promise<Principal | undefined> {
    const { generation, users } = this.#parts
    // No authenticator ran before this: roles may have changed in another process.
    await generation.observe(await generation.read())
    return this.admits(user) ? users.principal(user) : undefined
  }
}

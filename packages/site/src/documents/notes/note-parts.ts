import type { Principal } from '../../policy/principal.ts'
import type { Premises } from '../premises.ts'

/** What notes work with. They hear of changes that the documents themselves make, so both are asked for when they are needed. */
export interface NoteParts {
  readonly premises: () => Premises
  /** An enabled user as they are judged; undefined for anyone else. */
  readonly principalOf: (user: string) => Promise<Principal | undefined>
}

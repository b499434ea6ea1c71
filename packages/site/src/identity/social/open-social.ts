import type { Database } from '@annex/database'
import type { Audit } from '../../audit/audit.ts'
import type { Documents } from '../../documents/documents.ts'
import type { SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'
import { readSecret } from '../../documents/secrets/secrets.ts'
import type { Outgoing } from '../../outgoing/outgoing.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { SignIn } from '../sign-in.ts'
import { SocialKeys } from './social-keys.ts'
import type { SocialRoutesParts } from './social-routes.ts'
import { SocialSignIn } from './social-sign-in.ts'
import { SocialUsers } from './social-users.ts'

export interface SocialParts {
  readonly database: Database
  readonly documents: Documents
  readonly accounts: Accounts
  readonly audit: Audit
  readonly signIn: SignIn
  readonly outgoing: Outgoing
  /** The site's own origin. */
  readonly issuer: () => string
  /** UTC microseconds. */
  readonly now: () => number
}

const place = (name: string): SecretPlace => ({ doctype: 'Social Login Key', name, fieldname: 'client_secret' })

/** The providers that a site's documents name. */
export const socialKeysIn = ({ documents, database }: Pick<SocialParts, 'documents' | 'database'>): SocialKeys =>
  new SocialKeys({ documents, readSecret: (name) => readSecret(documents.premises, database.connection, place(name)) })

/** Signing in by other providers, put together for the site's routes. */
export function openSocial(parts: SocialParts): SocialRoutesParts {
  const keys = socialKeysIn(parts)
  const social = new SocialSignIn({ ...parts, keys, users: new SocialUsers(parts) })
  return { keys, social, signIn: parts.signIn, issuer: parts.issuer }
}

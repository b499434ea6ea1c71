import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import type { CredentialsListener } from './accounts/user-controller.ts'
import { factorRoutes } from './factor/factor-routes.ts'
import type { SecondFactors } from './factor/second-factors.ts'
import { identityRoutes } from './identity-routes.ts'
import type { Letters } from './letters/letters.ts'
import { accountRoutes } from './own-account/account-routes.ts'
import { PasswordProof } from './own-account/password-proof.ts'
import type { SocialIdentities } from './own-account/social-identities.ts'
import type { Principals } from './principals.ts'
import type { Sessions } from './sessions/sessions.ts'
import { SignIn } from './sign-in.ts'
import { openSocial, type SocialParts } from './social/open-social.ts'
import { socialRoutes } from './social/social-routes.ts'

export interface IdentityParts extends Omit<SocialParts, 'signIn'> {
  readonly sessions: Sessions
  readonly letters: Pick<Letters, 'signedIn' | 'codeRefused'>
  readonly secondFactors: SecondFactors
  readonly identities: SocialIdentities
  readonly principals: Pick<Principals, 'lacksFactor'>
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
  /** Ends what the user has allowed apps to do. */
  readonly endGrants: CredentialsListener
}

/** Puts signing in, by password and through other sites, and one's own account together, and serves them. */
export function openIdentity(server: HttpServer<Principal>, parts: IdentityParts): void {
  const { database, accounts, sessions, audit, letters, secondFactors: factors, principals, issuer, now } = parts
  const signIn = new SignIn({
    database,
    accounts,
    sessions,
    audit,
    factors,
    lacksFactor: (user) => principals.lacksFactor(user),
    onNewPlace: (connection, user, place) => letters.signedIn(connection, user, place),
    onWrongCode: (connection, user, place) => letters.codeRefused(connection, user, place),
    now,
  })
  const social = openSocial({ ...parts, signIn })
  const proof = new PasswordProof({ accounts, audit })
  identityRoutes(server, { accounts, sessions, signIn, providers: () => social.keys.buttons(), issuer })
  socialRoutes(server, social)
  factorRoutes(server, { accounts, sessions, proof, factors, issuer })
  accountRoutes(server, { ...parts, proof })
}

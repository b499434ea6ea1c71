import type { Claims } from '@annex/protocol'
import type { Client } from './clients/client.ts'

/** What claims say of a user. */
export interface Person {
  /** Random and never used for anybody else. */
  readonly sub: string
  readonly fullName: string
  readonly firstName: string
  readonly lastName: string | null
  /** Absent for Administrator, whose name is no address. */
  readonly email?: string
  /** As stored: absolute, or a path of this site. */
  readonly picture: string | null
  readonly roles: readonly string[]
}

/**
 * The claims that a client's scopes open, in Frappe's order.
 *
 * A client whose allowed scopes name `profile` or `email` gets what was granted; one that names neither
 * (the habit of Frappe's clients) gets Frappe's full set with `openid` alone.
 *
 * @see OpenID Connect Core section 5.4
 */
export function claimsOf(person: Person, scopes: { has(scope: string): boolean }, client: Pick<Client, 'scopes'>, issuer: string): Claims {
  const full = !client.scopes.includes('profile') && !client.scopes.includes('email')
  const opens = (scope: string): boolean => full || scopes.has(scope)
  return {
    sub: person.sub,
    ...(opens('profile') ? { name: person.fullName, given_name: person.firstName, family_name: person.lastName } : {}),
    ...(opens('email') && person.email !== undefined ? { email: person.email } : {}),
    ...(opens('profile') ? { picture: absolute(person.picture, issuer) } : {}),
    ...(opens('roles') ? { roles: person.roles } : {}),
    iss: issuer,
  }
}

function absolute(picture: string | null, issuer: string): string | null {
  if (picture === null || picture === '' || !URL.canParse(picture, issuer)) return null
  const url = new URL(picture, issuer)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
}

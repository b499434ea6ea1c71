import { FrappeError } from '@annex/protocol'
import type { Authenticator } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import type { OAuthSettings, SiteSettings } from '../settings.ts'

export interface ApiAccessParts {
  readonly settings: Pick<OAuthSettings, 'read'>
  readonly resourceMetadata: () => string
}

export const SITE_OFF = 'API access is switched off for this site; a System Manager can switch it on in OAuth Settings'

/** Why no program may act for the user now: the site's switch, or the user's own; undefined when it may. */
export function accessFault(principal: Principal, settings: Pick<OAuthSettings, 'read'>): Promise<string | undefined> | string | undefined {
  const site = settings.read()
  return site instanceof Promise ? site.then((read) => faultUnder(read, principal)) : faultUnder(site, principal)
}

function faultUnder(site: SiteSettings, { user, apiAccess }: Principal): string | undefined {
  if (!site.apiAccess) return SITE_OFF
  return apiAccess === false ? `API access is switched off for ${user}; a System Manager can switch it on in the User` : undefined
}

/**
 * Refuses callers whom an authenticator of programs (a token, an API key) knows while API access is switched off.
 * Sessions go on: they do not come this way.
 *
 * @throws {FrappeError} `AuthenticationError` (401) that names the switch
 */
export function withApiAccess(authenticator: Authenticator<Principal>, parts: ApiAccessParts): Authenticator<Principal> {
  return async (credentials) => {
    const known = await authenticator(credentials)
    const found = known && accessFault(known.caller, parts.settings)
    const fault = found instanceof Promise ? await found : found
    if (fault === undefined) return known
    const challenge = `Bearer error="invalid_token", error_description="${fault}", resource_metadata="${parts.resourceMetadata()}"`
    throw new FrappeError('AuthenticationError', fault, { headers: { 'www-authenticate': challenge } })
  }
}

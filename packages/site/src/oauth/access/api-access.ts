import { FrappeError, isPending, whenThere } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { withIncident } from '../../audit/refusals/with-incident.ts'
import type { Authenticator } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import type { OAuthSettings, SiteSettings } from '../settings.ts'
import type { Usage } from '../usage/usage.ts'

export interface ApiAccessParts {
  readonly settings: Pick<OAuthSettings, 'read'>
  readonly audit: Pick<Audit, 'refuse'>
  /** Where a refused call of an app is counted. */
  readonly usage: Pick<Usage, 'refused'>
  readonly resourceMetadata: () => string
}

export const SITE_OFF = 'API access is switched off for this site; a System Manager can switch it on in OAuth Settings'

/** The event of a call that came while API access was switched off. */
export const ACCESS_REFUSED = 'api access refused'

/** Why no program may act for the user now: the site's switch, or the user's own; undefined when it may. */
export function accessFault(principal: Principal, settings: Pick<OAuthSettings, 'read'>): Promise<string | undefined> | string | undefined {
  return whenThere(settings.read(), (site) => faultUnder(site, principal))
}

function faultUnder(site: SiteSettings, { user, apiAccess }: Principal): string | undefined {
  if (!site.apiAccess) return SITE_OFF
  return apiAccess === false ? `API access is switched off for ${user}; a System Manager can switch it on in the User` : undefined
}

/**
 * Refuses callers whom an authenticator of programs (a token, an API key) knows while API access is switched off.
 * Sessions go on: they do not come this way. The trail remembers each, and an app's are counted.
 *
 * @throws {FrappeError} `AuthenticationError` (401) that names the switch
 */
export function withApiAccess(authenticator: Authenticator<Principal>, parts: ApiAccessParts): Authenticator<Principal> {
  return async (credentials) => {
    const known = await authenticator(credentials)
    const found = known && accessFault(known.caller, parts.settings)
    const fault = isPending(found) ? await found : found
    if (!known || fault === undefined) return known
    const challenge = `Bearer error="invalid_token", error_description="${fault}", resource_metadata="${parts.resourceMetadata()}"`
    const refusal = new FrappeError('AuthenticationError', fault, { headers: { 'www-authenticate': challenge } })
    throw withIncident(refusal, await remember(known.caller, fault, credentials.ip, parts))
  }
}

/** The incident of a refused call; in the trail no reason names the user, who stands beside it. */
function remember({ user, token }: Principal, fault: string, ip: string, { audit, usage }: ApiAccessParts): Promise<string> {
  if (token) usage.refused(token, 'access')
  const reason = fault === SITE_OFF ? 'off for the site' : 'off for the user'
  return audit.refuse({ event: ACCESS_REFUSED, reason, user, client: token?.client, grant: token?.grant, ip })
}

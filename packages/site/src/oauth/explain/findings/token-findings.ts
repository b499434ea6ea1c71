import { isAccessToken } from '../../token-text.ts'
import type { Client } from '../../clients/client.ts'
import { isOpenTo } from '../../clients/client.ts'
import { isFrom } from '../../clients/ip-ranges.ts'
import { isForSite } from '../../grants/resources.ts'
import type { Principal } from '../../../policy/principal.ts'
import type { TokenRow } from '../../storage/oauth-tables.ts'
import type { GrantFacts } from '../explain-store.ts'
import { holds, limits, refuses, type Finding } from './findings.ts'

/** Shows a time to people. */
export type Shown = (micros: number) => string

const ANEW = 'The app sends its user through the sign-in again'

/** A token by itself. */
export function tokenFinding(text: string, row: TokenRow | undefined, now: number, shown: Shown): Finding {
  if (/^rt[0-9a-z]_/.test(text))
    return refuses(
      'token',
      'This is a refresh token; calls are made with an access token',
      'Exchange it at the token endpoint and call with what comes back',
    )
  if (!isAccessToken(text))
    return refuses(
      'token',
      'This is no access token of this site: those begin with "at" and have 47 characters',
      'Check what the app sends behind "Bearer "',
    )
  if (!row)
    return refuses(
      'token',
      'This site knows no such token: it was never issued here, or it ended more than a day ago',
      'The app renews it with its refresh token, or its user signs in again',
    )
  if (row.expires <= now)
    return refuses('token', `The access token expired on ${shown(row.expires)}`, 'The app renews it with its refresh token')
  return holds('token', `The access token is good until ${shown(row.expires)}`)
}

/** The consent that a token hangs from. */
export function grantFinding({ grant, epoch }: GrantFacts, now: number, shown: Shown): Finding {
  if (grant.revoked_at !== null)
    return refuses('grant', `The user's consent was ended on ${shown(grant.revoked_at)} (${grant.reason ?? 'no reason is known'})`, ANEW)
  if (grant.epoch !== epoch)
    return refuses('grant', 'The site was restored from a backup since the user consented; no consent from before counts', ANEW)
  if (grant.expires <= now) return refuses('grant', `The user's consent ended on ${shown(grant.expires)}`, ANEW)
  return holds('grant', `The user's consent of ${shown(grant.created)} holds until ${shown(grant.expires)}`)
}

/** Whether it is for this site at all (RFC 8707): the site may have moved since. */
export function resourceFinding(resource: string | null, issuer: string): Finding[] {
  if (isForSite(resource, issuer)) return []
  return [refuses('resource', `It is for ${resource ?? issuer} alone, and this site is at ${issuer} now`, ANEW)]
}

/**
 * The app itself.
 *
 * @param seesApp - whether its settings may be told: to others it is said that there are addresses, and not which
 */
export function appFindings(client: Client | undefined, ip: string | undefined, seesApp: boolean): Finding[] {
  if (!client) return [refuses('app', 'The app has been removed', 'A System Manager registers it anew')]
  const remedy = client.state === 'Retired' ? 'A retired app stays so; register it anew' : 'A System Manager sets its state to Active'
  const state = client.enabled
    ? holds('app', `The app ${client.name} is active`)
    : refuses('app', `The app ${client.name} is ${client.state.toLowerCase()}`, remedy)
  return [state, ...addressFinding(client, ip, seesApp)]
}

function addressFinding(client: Client, ip: string | undefined, seesApp: boolean): Finding[] {
  if (client.ipRanges.length === 0) return []
  const ranges = seesApp ? client.ipRanges.join(', ') : 'set by a System Manager'
  const remedy = 'A System Manager adds the address to the IP ranges of the app'
  if (ip === undefined) return [limits('address', `The app is good from some addresses alone: ${ranges}`, remedy)]
  if (isFrom(client, ip)) return [holds('address', `${ip} is within an address range of the app`)]
  return [refuses('address', `${ip} is outside of every address range of the app (${ranges})`, remedy)]
}

/** Whether the user is there and programs may act for them. */
export function userFinding(user: string, principal: Principal | undefined, isAdmitted: boolean): Finding {
  if (!isAdmitted) return refuses('user', `Apps may not act for ${user} on this site`, 'Use another user, or set ANNEX_ALLOW_ADMINISTRATOR')
  if (!principal) return refuses('user', `The user ${user} is disabled or gone`, 'A System Manager enables the User')
  return holds('user', `The user ${user} is enabled`)
}

/**
 * Whether the app is open to its user still; one that acts for itself has the user that was named on it.
 *
 * @param isApproved - whether a System Manager approved the user for the app
 */
export function opennessFinding(
  client: Client | undefined,
  principal: Principal,
  kind: string | null | undefined,
  isApproved: boolean,
): Finding[] {
  if (!client || kind === 'service') return []
  const { user, roles } = principal
  if (!isOpenTo(client, roles)) {
    const remedy = `Give ${user} one of them, or the app one of theirs`
    return [refuses('app', `The app is open to other roles (${client.allowedRoles.join(', ')}), of which ${user} has none`, remedy)]
  }
  if (client.authorizationPolicy !== 'After Approval' || isApproved) return []
  const remedy = 'The app sends its user through the sign-in, and a System Manager approves them'
  return [refuses('app', `The app is open to those alone whom a System Manager approved, and ${user} is not among them`, remedy)]
}

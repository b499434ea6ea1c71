import { FrappeError, invalid } from '@annex/protocol'
import type { Principal } from '../../../policy/principal.ts'
import { kindOf, wordsOf } from '../clients-store.ts'

export interface ServiceUserRules {
  /** The user with roles as they are now; undefined for one who is unknown or disabled. */
  readonly principalOf: (user: string) => Promise<Principal | undefined>
  /** Whether apps may have Administrator's rights on this site. */
  readonly allowAdministrator: boolean
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Judges whose rights an app has when it signs in for itself. An app that people cannot be sent back to has no
 * other way, so it needs such a user.
 *
 * @throws {FrappeError} `MandatoryError` when one is missing, `ValidationError` for one that may not be it
 */
export async function checkServiceUser(client: Fields, rules: ServiceUserRules): Promise<void> {
  const kind = kindOf(client['kind'])
  const user = typeof client['service_user'] === 'string' ? client['service_user'].trim() : ''
  const serves = kind === 'service' || kind === 'agent'
  if (user === '') {
    const returns = wordsOf(client['redirect_uris']).length + wordsOf(client['default_redirect_uri']).length > 0
    if (kind === 'service' || (kind === 'agent' && !returns))
      throw new FrappeError('MandatoryError', 'Service User: name the user whose rights the app has when it signs in for itself')
    return
  }
  if (!serves) throw invalid('Service User: only an app of the kind service or agent signs in for itself')
  const fault = await faultOf(user, Number(client['unfenced'] ?? 0) === 1, rules)
  if (fault !== undefined) throw invalid(`Service User ${user.slice(0, 140)} ${fault}`)
}

async function faultOf(
  user: string,
  unfenced: boolean,
  { principalOf, allowAdministrator }: ServiceUserRules,
): Promise<string | undefined> {
  if (user === 'Guest') return 'is everybody; name a user of its own'
  if (user === 'Administrator')
    return allowAdministrator ? undefined : 'may do everything; name another, or let the site allow it with ANNEX_ALLOW_ADMINISTRATOR'
  const principal = await principalOf(user)
  if (!principal) return 'is unknown or disabled'
  if (principal.roles.has('System Manager') && !unfenced)
    return 'is a System Manager; name a user with fewer roles, or tick Unfenced when the app is to manage the site'
  return undefined
}

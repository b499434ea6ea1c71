import { OAuthError, isIdentityScope, type DocType } from '@annex/protocol'
import { parseRowFilters, scopesUnderFilters } from '../../policy/row-filters.ts'
import { resolveScopes } from '../authorize/requested-scopes.ts'
import { isConfidential, type Client } from '../clients/client.ts'
import { narrowResources } from '../grants/resources.ts'
import { requireServiceGrant } from '../grants/service-grants.ts'
import type { OAuthSettings } from '../settings.ts'
import type { GrantType, TokenRequest } from './grant-type.ts'
import type { GrantTypeParts } from './grant-type-parts.ts'

export interface ServiceParts extends GrantTypeParts {
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly settings: Pick<OAuthSettings, 'read'>
}

/**
 * Gives an app a token of its own: it acts as the service user that an administrator named on it, within the scopes
 * assigned to it. There is nobody to be known and nothing to be renewed: no id_token, no refresh token.
 *
 * @see RFC 6749 section 4.4
 */
export function clientCredentials(parts: ServiceParts): GrantType {
  return async (request) => {
    const { client, parameters } = request
    const user = serviceUserOf(client)
    const resource = narrowResources(parameters.get('resource'), null, parts.issuer())
    if (!(await parts.admission.serves(client, user)))
      throw new OAuthError(
        'invalid_grant',
        'The service user of this app is disabled, gone or a System Manager; an administrator names another',
      )
    // The site's sets are as they are now: who knew the client has looked whether another process changed them.
    const scopes = await serviceScopes(request, parts)
    const grant = await requireServiceGrant(parts, { client, user, scopes })
    const scope = scopes.join(' ')
    const tokens = await parts.database.transaction((connection) =>
      parts.tokens.issueAccess(connection, { grant, client, narrowed: { asked: scope, held: scope, resource } }),
    )
    return { tokens, grant: { id: grant.id, user } }
  }
}

/** Whose rights the app has: of a service or an agent that keeps a secret, as an administrator registered it. */
function serviceUserOf(client: Client): string {
  const isService = (client.kind === 'service' || client.kind === 'agent') && isConfidential(client) && !client.dynamicallyRegistered
  if (!isService) throw new OAuthError('unauthorized_client', 'An app of the kind service or agent alone may act for itself')
  if (client.serviceUser === undefined)
    throw new OAuthError('unauthorized_client', 'This app has no service user yet; an administrator names one')
  return client.serviceUser
}

/** What it asks for, all of it assigned; without a `scope`, all that is assigned and can be held. */
async function serviceScopes({ client, parameters }: TokenRequest, { doctypeOf, settings }: ServiceParts): Promise<string[]> {
  const sent = parameters.get('scope')
  const { scopeSets: sets } = await settings.read()
  const scopes = resolveScopes({ client, scope: sent, doctypeOf, sets })
  const identity = scopes.find(isIdentityScope)
  // Nobody signs in, so there is nobody to be known.
  if (sent !== undefined && identity !== undefined) throw new OAuthError('invalid_scope', `The app may not ask for ${identity} for itself`)
  const rights = scopes.filter((scope) => !isIdentityScope(scope))
  const held = client.rowFilters === undefined ? rights : scopesUnderFilters(rights, parseRowFilters(client.rowFilters))
  if (held.length === 0) throw new OAuthError('invalid_scope', 'No right is assigned to this app that it could use for itself')
  return [...held]
}

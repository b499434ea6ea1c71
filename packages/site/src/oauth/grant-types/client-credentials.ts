import { OAuthError, isIdentityScope } from '@annex/protocol'
import { parseRowFilters, scopesUnderFilters } from '../../policy/row-filters.ts'
import { resolveScopes } from '../authorize/requested/requested-scopes.ts'
import { isConfidential, type Client } from '../clients/client.ts'
import { narrowResources } from '../grants/resources.ts'
import { requireServiceGrant, type ServiceGrant } from '../grants/services/service-grants.ts'
import type { OAuthSettings } from '../settings.ts'
import type { GrantType, TokenGrant, TokenRequest } from './grant-type.ts'
import type { GrantTypeParts } from './grant-type-parts.ts'

export interface ServiceParts extends GrantTypeParts {
  readonly settings: Pick<OAuthSettings, 'read'>
}

/** What an app's tokens hold for one `scope` of its requests, and the grant that they hang from. */
interface Own {
  readonly scope: string
  readonly grant: ServiceGrant
}

/** Scopes of one app's requests. */
const MOST_KEPT = 20

/**
 * Gives an app a token of its own: it acts as the service user that an administrator named on it, within the scopes
 * assigned to it. There is nobody to be known and nothing to be renewed: no id_token, no refresh token.
 *
 * What was found out for an app counts for as long as the app that is kept in memory: all that it follows from moves the generation, but for
 * the end of the grant, which the statement that writes the token sees.
 *
 * @see RFC 6749 section 4.4
 */
export function clientCredentials(parts: ServiceParts): GrantType {
  const known = new WeakMap<Client, Map<string, Own>>()
  return async (request) => {
    const { client, parameters } = request
    const user = serviceUserOf(client)
    const resource = narrowResources(parameters.get('resource'), null, parts.issuer())
    if (!(await parts.admission.serves(client, user)))
      throw new OAuthError(
        'invalid_grant',
        'The service user of this app is disabled, gone or a System Manager; an administrator names another',
      )
    const issue = async ({ scope, grant }: Own): Promise<TokenGrant | undefined> => {
      const tokens = await parts.tokens.issueAccess({ grant, client, narrowed: { asked: scope, held: scope, resource } })
      return tokens && { tokens, grant: { id: grant.id, user } }
    }
    const asked = parameters.get('scope') ?? ''
    const kept = known.get(client)?.get(asked)
    const repeated = kept && (await issue(kept))
    if (repeated) return repeated
    const own = await findOwn(request, user, parts)
    keep(known, client, asked, own)
    const first = await issue(own)
    if (!first) throw new OAuthError('invalid_grant', 'What this app was granted has just been ended; ask again')
    return first
  }
}

async function findOwn(request: TokenRequest, user: string, parts: ServiceParts): Promise<Own> {
  // The site's sets are as they are now: who knew the client has looked whether another process changed them.
  const scopes = await serviceScopes(request, parts)
  return { scope: scopes.join(' '), grant: await requireServiceGrant(parts, { client: request.client, user, scopes }) }
}

function keep(known: WeakMap<Client, Map<string, Own>>, client: Client, asked: string, own: Own): void {
  const before = known.get(client)
  const ofClient = before && before.size < MOST_KEPT ? before : new Map<string, Own>()
  known.set(client, ofClient.set(asked, own))
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

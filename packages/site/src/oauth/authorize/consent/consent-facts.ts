import { unsaidReach, type Client } from '../../clients/client.ts'
import type { Grants } from '../../grants/grants.ts'
import type { GrantRow } from '../../storage/oauth-tables.ts'
import type { Asking, CheckParts } from '../checks.ts'
import type { ConsentFacts } from './consent.ts'
import { olderConnections } from '../older/older-connections.ts'
import { isSameDocType } from '../requested/requested-scopes.ts'
import { readRequested, type Requested } from '../requested/requested.ts'
import { isWithin, rememberedChoices, type RowChoices } from '../rows/row-choices.ts'

/** What a consent at the authorization endpoint is about. */
export interface AuthorizeFacts extends ConsentFacts {
  readonly requested: Requested
  /** Documents that the user kept the app to before, by DocType. */
  readonly choices: RowChoices
  /** The connections that there are already, newest first. */
  readonly older: readonly GrantRow[]
}

/** What a scope opens, of an app of old whose `openid` reads documents. */
const reachOf = (scope: string, client: Client): string => unsaidReach(client, [scope])[0] ?? scope

/** What a consent is about: what is asked for, and what the user decided before. */
export async function readConsentFacts(
  parts: Pick<CheckParts, 'settings' | 'doctypeOf'> & { readonly grants: Grants },
  asking: Asking,
): Promise<AuthorizeFacts> {
  const { doctypeOf, grants } = parts
  const { request, client, redirectUri, principal } = asking
  const requested = await readRequested(asking, parts)
  const { scopes, sets, titles, details } = requested
  const remembered = await grants.readRemembered(
    principal.user,
    client.id,
    (scope, ids, grant) => isSameDocType(scope, ids, doctypeOf) && isWithin(reachOf(scope, client), grant, details),
  )
  const living = await grants.list(principal.user, client.id)
  const [choices, older] = [rememberedChoices(living), olderConnections(living)]
  return { client, redirectUri, request, scopes, sets, titles, remembered, requested, choices, older }
}

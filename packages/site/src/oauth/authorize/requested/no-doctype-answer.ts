import { splitScope, type OAuthError } from '@annex/protocol'
import type { Answer, Exchange } from '../../../http/exchange.ts'
import { noDoctypePage } from '../../../pages/consent/no-doctype-page.ts'
import type { Principal } from '../../../policy/principal.ts'
import type { OAuthParts } from '../../oauth-parts.ts'
import type { Asking } from '../checks.ts'
import { mayHave } from '../../clients/rules/registration-policy.ts'
import { isThere, ScopeRefused } from './requested-scopes.ts'

/** On a page; a request may name thousands. */
const MOST_SHOWN = 20

/**
 * Of a request that was refused for a scope of a DocType which is not there: a page that tells a System Manager which, and from which they
 * go on to what the app is told in any case; undefined for anybody else and for an app that asks silently. The app hears what it hears of
 * whoever is signed in, so that nothing in it says who is a System Manager; all it can notice is that its user stayed. What it is not
 * registered for has no such page, or it could ask in this way which DocTypes there are.
 *
 * @param back - where the app hears it
 */
export async function noDoctypeAnswer(
  { users, doctypeOf }: Pick<OAuthParts, 'users' | 'doctypeOf'>,
  exchange: Exchange<Principal>,
  { principal, request, client }: Pick<Asking, 'principal' | 'request' | 'client'>,
  error: OAuthError,
  back: string,
): Promise<Answer | undefined> {
  if (!(error instanceof ScopeRefused) || !principal.roles.has('System Manager')) return undefined
  if (!exchange.wantsPage || request.prompts().has('none')) return undefined
  const scopes = splitScope(request.get('scope')).filter((scope) => mayHave(client, scope) && !isThere(scope, doctypeOf))
  if (scopes.length === 0) return undefined
  const { fullName } = (await users.person(principal.user)) ?? { fullName: principal.user }
  const person = { fullName, csrf: exchange.csrf ?? '', systemManager: true }
  return { status: 400, page: noDoctypePage({ person, appName: client.name, scopes: scopes.slice(0, MOST_SHOWN), back }) }
}

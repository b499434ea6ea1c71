import { CHANGING_RIGHTS, isIdentityScope, readScope } from '@annex/protocol'
import type { ConsentScope } from '../../../pages/consent/consent-page.ts'
import { isConfidential, type Client } from '../../clients/client.ts'
import { isClaimed } from '../../clients/redirect-uris.ts'
import type { Remembered } from '../../grants/grants.ts'
import type { AuthorizationRequest } from '../authorization-request.ts'
import type { ScopeSets } from '../requested/requested-scopes.ts'

export interface ConsentFacts {
  readonly client: Client
  readonly redirectUri: string
  readonly request: AuthorizationRequest
  /** What is asked for. */
  readonly scopes: readonly string[]
  readonly remembered: Remembered
  /** What the site's sets hold; absent where none can be asked for. */
  readonly sets?: ScopeSets
  /** Under which set's title a scope was asked for. */
  readonly titles?: ReadonlyMap<string, string>
}

/**
 * Whether the answer may go out without asking: the client is trusted, or this user granted it all before,
 * and nobody else can be at the redirect URI (RFC 8252 section 8.6).
 */
export function isConsentGiven({ client, redirectUri, request, scopes, remembered }: ConsentFacts): boolean {
  if (request.prompts().has('consent') || !(isConfidential(client) || isClaimed(redirectUri))) return false
  return client.trusted || scopes.every((scope) => remembered.granted.has(scope))
}

/** What the page asks about: what is new, or all of it when the app wants that or nothing is new. */
export function offeredScopes({ request, scopes, remembered }: ConsentFacts): string[] {
  const fresh = scopes.filter((scope) => !remembered.granted.has(scope))
  return request.prompts().has('consent') || fresh.length === 0 ? [...scopes] : fresh
}

/** How the page shows what it offers: without a box, ticked or not. */
export function consentScopes(facts: ConsentFacts, offered: readonly string[]): ConsentScope[] {
  const { client, remembered, titles } = facts
  return offered.map((scope) => {
    const required = isRequired(facts, scope)
    const unticked = remembered.rejected.has(scope) || (names(client.optionalScopes, scope, facts) && isChanging(scope))
    return { scope, required, checked: required || !unticked, title: titles?.get(scope) }
  })
}

export interface Decided {
  readonly granted: string[]
  readonly rejected: string[]
}

/**
 * What the person decided: of what was offered, what is ticked or required; of the rest, what they granted before.
 */
export function decide(facts: ConsentFacts, offered: readonly string[], ticked: readonly string[]): Decided {
  const { scopes, remembered } = facts
  const isGranted = (scope: string): boolean =>
    offered.includes(scope) ? isRequired(facts, scope) || ticked.includes(scope) : remembered.granted.has(scope)
  const granted = scopes.filter(isGranted)
  return { granted, rejected: scopes.filter((scope) => !isGranted(scope)) }
}

/** Who the user is comes with any consent; what the client calls required does too. */
const isRequired = (facts: ConsentFacts, scope: string): boolean =>
  isIdentityScope(scope) || names(facts.client.requiredScopes, scope, facts)

/** Whether a list of the client's names a scope, by itself or with a set. */
const names = (list: readonly string[], scope: string, { sets }: ConsentFacts): boolean =>
  list.some(
    (entry) => entry === scope || (entry.startsWith('set:') && sets?.get(entry.slice('set:'.length))?.scopes.includes(scope) === true),
  )

function isChanging(token: string): boolean {
  const scope = readScope(token)
  return scope?.kind === 'all' || (scope?.kind === 'document' && CHANGING_RIGHTS.has(scope.right))
}

import { OAuthError, splitScope } from '@annex/protocol'
import { parseRowFilters, scopesUnderFilters, type RowFilters } from '../../../policy/row-filters.ts'
import type { AuthorizationRequest } from '../authorization-request.ts'
import type { Client } from '../../clients/client.ts'
import type { OAuthSettings } from '../../settings.ts'
import { parseDetails, scopesOfDetails, type Detail } from '../details/authorization-details.ts'
import {
  checkNumber,
  mayAskFor,
  mayNot,
  resolveScopes,
  titlesOf,
  type DoctypeOf,
  type ScopeFacts,
  type ScopeSets,
} from './requested-scopes.ts'

/** A request, and who sends it. */
export interface RequestFacts {
  readonly request: AuthorizationRequest
  readonly client: Client
}

export interface RequestedParts {
  readonly settings: Pick<OAuthSettings, 'read'>
  readonly doctypeOf: DoctypeOf
}

/** What an authorization request asks for. */
export interface Requested {
  /** As the request named it: a client that sends its list again asks for the same. */
  readonly named: readonly string[]
  /** With what its sets hold and its details name, and without what row filters leave no room for. */
  readonly scopes: readonly string[]
  readonly details: readonly Detail[]
  readonly sets: ScopeSets
  /** Under which set's title a scope was asked for. */
  readonly titles: ReadonlyMap<string, string>
}

/**
 * Reads `scope` and `authorization_details` of a request.
 *
 * @throws {OAuthError} `invalid_scope`, `invalid_authorization_details`, `invalid_request`
 */
export async function readRequested({ request, client }: RequestFacts, { settings, doctypeOf }: RequestedParts): Promise<Requested> {
  const { scopeSets: sets } = await settings.read()
  const scope = request.get('scope')
  const facts = { client, scope, doctypeOf, sets }
  const details = parseDetails(request.get('authorization_details'))
  const ofScope = scope === undefined && details.length > 0 ? [] : resolveScopes(facts)
  const all = checkNumber([...new Set([...ofScope, ...scopesAllowedIn(details, facts)])])
  const ofApp: RowFilters = new Map(details.filter(({ filters }) => filters.length > 0).map(({ doctype, filters }) => [doctype, filters]))
  const ofSite = client.rowFilters === undefined ? undefined : parseRowFilters(client.rowFilters)
  return {
    named: scope === undefined ? ofScope : splitScope(scope),
    scopes: scopesUnderFilters(scopesUnderFilters(all, ofSite), ofApp),
    details,
    sets,
    titles: titlesOf(scope, client, sets),
  }
}

function scopesAllowedIn(details: readonly Detail[], facts: ScopeFacts): string[] {
  const scopes = scopesOfDetails(details)
  const stray = scopes.find((scope) => !mayAskFor(scope, facts))
  if (stray !== undefined) throw new OAuthError('invalid_authorization_details', mayNot(stray))
  return scopes
}

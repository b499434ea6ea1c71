import { allowsScope } from '@annex/protocol'
import type { Client } from '../client.ts'

/** A right in no wise: it changes what the consent page says, and many clients ask for it unasked. */
export const ALWAYS = 'offline_access'

/** What of the site's settings binds programs that register themselves. */
interface Policy {
  readonly registrationScopes: readonly string[]
}

/** What a program that registers itself may have, as the settings say now. */
export const policyScopes = ({ registrationScopes }: Policy): readonly string[] => [...new Set([...registrationScopes, ALWAYS])]

/**
 * The client, held to the site's policy of now when it registered itself: a scope that the policy drops is refused from then on,
 * at the authorization endpoint and in each new token, like one that is taken from the client's own list.
 */
export const withinPolicy = (client: Client, settings: Policy): Client =>
  client.dynamicallyRegistered ? { ...client, policy: policyScopes(settings) } : client

/** Whether a client may have a scope by its own list, and by the policy that it is held to. */
export const mayHave = (client: Client, scope: string): boolean => allowsScope(client.scopes, scope) && isWithin(client, scope)

/** The same of a set, by its name. */
export const mayHaveSet = (client: Client, name: string): boolean =>
  client.scopes.includes(`set:${name}`) && isWithin(client, `set:${name}`)

/**
 * Whether nothing but the client's own list and sets stands between it and a scope: a right on everything is for programs that
 * registered themselves only where the policy names it, whoever approved them and whatever a set holds by now.
 */
export const mayHaveWide = ({ policy }: Client, scope: string): boolean => policy === undefined || !isWide(scope) || policy.includes(scope)

export const isWide = (scope: string): boolean => scope === 'all' || scope.startsWith('*:')

function isWithin(client: Client, scope: string): boolean {
  if (client.policy === undefined) return true
  return mayHaveWide(client, scope) && (client.scopesApproved || allowsScope(client.policy, scope))
}

import type { Filter } from '@annex/protocol'
import type { Principal } from '../../../policy/principal.ts'
import type { DoctypeOf } from '../requested/requested-scopes.ts'
import type { Requested } from '../requested/requested.ts'
import { faultOfDetails } from './authorization-details.ts'

/** Tries filters as the user would list by them; throws what is wrong with them. */
export type TryFilters = (principal: Principal, doctype: string, filters: readonly Filter[]) => Promise<unknown>

export interface RequestedFaultParts {
  readonly doctypeOf: DoctypeOf
  readonly tryFilters: TryFilters
}

/**
 * Why this user cannot give what is asked for, as a sentence for them; undefined when they can. The app hears what it hears of
 * any user who does not allow it.
 */
export const faultOfRequested = (
  parts: RequestedFaultParts,
  { principal }: { readonly principal: Principal },
  { requested }: { readonly requested: Requested },
): Promise<string | undefined> => faultOfDetails(requested.details, { ...parts, principal })

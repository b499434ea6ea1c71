import type { Authenticator } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Budgets } from './budgets.ts'

/** Holds the callers whom an authenticator knows (API keys) to the budget of their user. */
export const withBudget =
  (authenticator: Authenticator<Principal>, budgets: Pick<Budgets, 'spend'>): Authenticator<Principal> =>
  async (credentials) => {
    const known = await authenticator(credentials)
    return known && { ...known, enter: () => budgets.spend({ user: known.caller.user }) }
  }

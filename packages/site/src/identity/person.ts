import type { Exchange } from '../http/exchange.ts'
import type { Person } from '../pages/layout.ts'
import type { Principal } from '../policy/principal.ts'
import type { Accounts } from './accounts/accounts.ts'

/** The caller as pages greet them. */
export async function readPerson(accounts: Accounts, { caller, csrf }: Exchange<Principal>): Promise<Person> {
  const account = await accounts.read(caller.user)
  return { fullName: account?.fullName ?? caller.user, csrf: csrf ?? '', systemManager: caller.roles.has('System Manager') }
}

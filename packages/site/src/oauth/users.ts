import type { Accounts } from '../identity/accounts/accounts.ts'
import type { Principals } from '../identity/principals.ts'
import { endedCookies } from '../identity/sessions/session-cookies.ts'
import type { Sessions } from '../identity/sessions/sessions.ts'
import type { Person } from './claims.ts'
import type { Users } from './oauth-parts.ts'

export interface UsersParts {
  readonly accounts: Accounts
  readonly principals: Principals
  readonly sessions: Sessions
}

/** The users of this site, as identity knows them. */
export const usersOf = ({ accounts, principals, sessions }: UsersParts): Users => ({
  principal: (user, token) => principals.of(user, token),
  person: (user) => readPerson(user, accounts, principals),
  signedInAt: async (session) => (await sessions.find(session))?.created,
  holdSession: (connection, session) => sessions.hold(connection, session),
  endSession: async (session) => {
    await sessions.end(session)
    return endedCookies
  },
})

async function readPerson(user: string, accounts: Accounts, principals: Principals): Promise<Person | undefined> {
  const [account, principal] = await Promise.all([accounts.read(user), principals.of(user)])
  if (!account || !principal) return undefined
  const { sub, fullName, firstName, lastName, userImage } = account
  return {
    sub,
    fullName,
    firstName,
    lastName,
    picture: userImage,
    roles: [...principal.roles],
    ...(user.includes('@') ? { email: user } : {}),
  }
}

import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Person } from '../../pages/layout.ts'
import { paths } from '../../pages/paths.ts'
import type { Principal } from '../../policy/principal.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import type { Users } from '../oauth-parts.ts'

type Request = Exchange<Principal>

/**
 * Runs a page's handler for a person with a session; sends everybody else to the sign-in page. A token or an API
 * key opens no page: what it may do is for the API to judge.
 */
export const forPerson =
  (users: Users, handler: (exchange: Request, person: Person) => Promise<Answer>): ((exchange: Request) => Promise<Answer>) =>
  async (exchange) => {
    const { caller, csrf } = exchange
    if (caller.session === undefined || csrf === undefined) return signInFirst(exchange)
    const known = await users.person(caller.user)
    return handler(exchange, { fullName: known?.fullName ?? caller.user, csrf, systemManager: caller.roles.has('System Manager') })
  }

const signInFirst = ({ path, query }: Pick<Request, 'path' | 'query'>): Answer => {
  const target = query.size === 0 ? path : `${path}?${query.toString()}`
  return { location: `${paths.signIn}?redirect-to=${encodeURIComponent(target)}` }
}

/** `YYYY-MM-DD HH:MM` in the site's zone. */
export const shownTime = (micros: number, zone: string): string => formatTimestamp(micros, zone).slice(0, 16)

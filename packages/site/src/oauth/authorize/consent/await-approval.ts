import type { Answer, Exchange } from '../../../http/exchange.ts'
import { approvalPage } from '../../../pages/consent/approval-page.ts'
import type { Principal } from '../../../policy/principal.ts'
import { NotForUser } from '../../access/not-for-user.ts'
import type { Approvals } from '../../clients/approvals/approvals.ts'
import type { OAuthParts } from '../../oauth-parts.ts'
import type { SignedIn } from './open-consent.ts'

interface Parts extends Pick<OAuthParts, 'users'> {
  readonly approvals: Approvals
}

/**
 * Of an app that each user needs approval for: puts a user who comes for the first time into the queue and says so;
 * undefined when the way is free.
 *
 * @throws {NotForUser} for the app, when a System Manager refused the user, or nobody may be asked
 */
export async function awaitApproval(parts: Parts, exchange: Exchange<Principal>, signedIn: SignedIn): Promise<Answer | undefined> {
  const { client, principal, request } = signedIn
  if (client.authorizationPolicy !== 'After Approval') return undefined
  const person = await parts.users.person(principal.user)
  const applicant = { client: client.id, user: principal.user, sub: person?.sub ?? '' }
  if (request.prompts().has('none')) {
    if (await parts.approvals.holds(applicant)) return undefined
    throw new NotForUser('approval', 'A System Manager has not approved this app for you yet')
  }
  const state = await parts.approvals.ask(applicant, exchange.ip)
  if (state === 'Approved') return undefined
  if (state === 'Refused') throw new NotForUser('approval', 'A System Manager refused this app for you')
  if (!exchange.wantsPage) return { status: 403, json: { error: 'access_denied', description: WAITS, status_code: 403 } }
  const { fullName } = person ?? { fullName: principal.user }
  const shown = { fullName, csrf: exchange.csrf ?? '', systemManager: principal.roles.has('System Manager') }
  return { status: 403, page: approvalPage({ person: shown, appName: client.name }) }
}

const WAITS = 'A System Manager was asked to approve this app for the user; try again later'

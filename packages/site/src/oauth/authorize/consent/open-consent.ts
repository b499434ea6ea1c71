import type { Answer, Exchange } from '../../../http/exchange.ts'
import type { Principal } from '../../../policy/principal.ts'
import { LIFETIMES } from '../../grants/lifetimes.ts'
import type { OAuthParts } from '../../oauth-parts.ts'
import { hashOf, randomText } from '../../token-text.ts'
import type { Asking } from '../checks.ts'
import { offeredScopes } from './consent.ts'
import type { AuthorizeFacts } from './consent-facts.ts'
import { consentAnswer } from './consent-view.ts'
import { faultOfRequested, type RequestedFaultParts } from '../details/requested-fault.ts'
import { insertPending } from './pending-requests-store.ts'

/** A request whose user is signed in, and since when (microseconds). */
export interface SignedIn extends Asking {
  readonly session: string
  readonly authTime: number
}

type Parts = Pick<OAuthParts, 'database' | 'users' | 'doctypeOf' | 'grants' | 'zone' | 'now'> & RequestedFaultParts

/** Keeps the request under a one-time id that this session alone can use, and shows the page that asks. */
export async function openConsent(parts: Parts, exchange: Exchange<Principal>, signedIn: SignedIn, facts: AuthorizeFacts): Promise<Answer> {
  const offered = offeredScopes(facts)
  const id = await keepRequest(parts, signedIn, offered)
  const impossible = await faultOfRequested(parts, signedIn, facts)
  return consentAnswer(parts, exchange, signedIn, facts, { id, offered, impossible })
}

async function keepRequest(
  { database, now }: Pick<Parts, 'database' | 'now'>,
  signedIn: SignedIn,
  offered: readonly string[],
): Promise<string> {
  const { principal, session, client, request } = signedIn
  const id = randomText()
  const created = now()
  const row = {
    hash: hashOf(id),
    session,
    user: principal.user,
    client: client.id,
    request: JSON.stringify({ query: request.withEachScopeOnce().toString(), offered }),
    created,
    expires: created + LIFETIMES.pending,
  }
  await database.transaction((connection) => insertPending(connection, row))
  return id
}

import { OAUTH_PATHS } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import { consentPage } from '../../pages/consent-page.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import { LIFETIMES } from '../grants/lifetimes.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { hashOf, randomText } from '../token-text.ts'
import type { Asking } from './checks.ts'
import { consentScopes, offeredScopes, type ConsentFacts } from './consent.ts'
import { insertPending } from './pending-requests-store.ts'

/** A request whose user is signed in, and since when (microseconds). */
export interface SignedIn extends Asking {
  readonly session: string
  readonly authTime: number
}

type Parts = Pick<OAuthParts, 'database' | 'users' | 'now'>

/** Keeps the request under a one-time id that this session alone can use, and shows the page that asks. */
export async function openConsent(parts: Parts, exchange: Exchange<Principal>, signedIn: SignedIn, facts: ConsentFacts): Promise<Answer> {
  const { principal, client, redirectUri } = signedIn
  const offered = offeredScopes(facts)
  const id = await keepRequest(parts, signedIn, offered)
  const [person, owner] = await Promise.all([parts.users.person(principal.user), parts.users.person(client.owner)])
  const page = consentPage({
    person: {
      fullName: person?.fullName ?? principal.user,
      csrf: exchange.csrf ?? '',
      systemManager: principal.roles.has('System Manager'),
    },
    action: OAUTH_PATHS.approve,
    hidden: { id },
    appName: client.name,
    redirectHost: hostOf(redirectUri),
    owner: owner?.fullName,
    scopes: consentScopes(facts, offered),
    warning: client.unfenced && offered.includes('all') ? texts.consent.unfenced : undefined,
  })
  return { page }
}

async function keepRequest({ database, now }: Parts, signedIn: SignedIn, offered: readonly string[]): Promise<string> {
  const { principal, session, client, request } = signedIn
  const id = randomText()
  const created = now()
  const row = {
    hash: hashOf(id),
    session,
    user: principal.user,
    client: client.id,
    request: JSON.stringify({ query: request.toString(), offered }),
    created,
    expires: created + LIFETIMES.pending,
  }
  await database.transaction((connection) => insertPending(connection, row))
  return id
}

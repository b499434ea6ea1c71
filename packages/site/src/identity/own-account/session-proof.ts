import { invalid } from '@annex/protocol'
import type { Exchange } from '../../http/exchange.ts'
import type { AccountView } from '../../pages/account/account-page.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { PasswordProof } from './password-proof.ts'

export interface SessionProofParts {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly proof: PasswordProof
  /** UTC microseconds. */
  readonly now: () => number
}

/** Microseconds after signing in for which a session is proof enough of who sits there. */
const RECENT = 600_000_000

/** What it takes besides a session, given by its hash: it may be another's who found a browser open. */
export async function proofOf(
  { accounts, sessions, now }: Omit<SessionProofParts, 'proof'>,
  user: string,
  session: string,
): Promise<AccountView['proof']> {
  const begun = (await sessions.find(session))?.created
  if (begun !== undefined && now() - begun < RECENT) return 'none'
  return (await accounts.hasPassword(user)) ? 'password' : 'sign-in'
}

/** @throws {FrappeError} `ValidationError` unless the caller has just signed in or sends their password; 429 after ten tries in a minute */
export async function requireProof(parts: SessionProofParts, request: Exchange<Principal>, session: string): Promise<void> {
  const proof = await proofOf(parts, request.caller.user, session)
  if (proof === 'sign-in') throw invalid(`${texts.account.signInAgain} ${texts.account.signInAgainHint}`)
  if (proof === 'password') await parts.proof.require(request)
}

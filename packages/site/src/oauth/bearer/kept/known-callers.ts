import type { Authenticated } from '../../../http/exchange.ts'
import type { Principal, TokenRights } from '../../../policy/principal.ts'
import type { BearerRow } from '../bearer-store.ts'
import { KeptByRow } from './kept-by-row.ts'

/** Whom a token brings, and what of it is counted at each call. */
export interface KnownCaller {
  readonly answer: Authenticated<Principal>
  readonly rights: TokenRights
  /** It opens more than its scopes say: `openid` stands for every document. */
  readonly actsAsAll: boolean
}

/** The callers that the rows of access tokens made. */
export class KnownCallers extends KeptByRow<BearerRow, KnownCaller> {}

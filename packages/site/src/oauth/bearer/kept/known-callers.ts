import { RecentlyUsed } from '@annex/database'
import type { Authenticated } from '../../../http/exchange.ts'
import type { Principal, TokenRights } from '../../../policy/principal.ts'
import type { BearerRow } from '../bearer-store.ts'

/** Whom a token brings, and what of it is counted at each call. */
export interface KnownCaller {
  readonly answer: Authenticated<Principal>
  readonly rights: TokenRights
  /** It opens more than its scopes say: `openid` stands for every document. */
  readonly actsAsAll: boolean
}

/** Tokens; at most twice as many. */
const KEPT = 1000

/**
 * What was made of the rows of tokens. A row is read at every call, and what was made of one like it counts only while each of its
 * columns is the same, the generation among them: so it is never older than the row itself.
 */
export class KnownCallers {
  readonly #kept = new RecentlyUsed<string, { readonly row: BearerRow; readonly known: KnownCaller }>(KEPT)

  get(hash: string, row: BearerRow): KnownCaller | undefined {
    const kept = this.#kept.get(hash)
    return kept && areSame(kept.row, row) ? kept.known : undefined
  }

  set(hash: string, row: BearerRow, known: KnownCaller): void {
    this.#kept.set(hash, { row, known })
  }
}

function areSame(one: BearerRow, other: BearerRow): boolean {
  for (const column in other) if (one[column as keyof BearerRow] !== other[column as keyof BearerRow]) return false
  return true
}

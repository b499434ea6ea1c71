import type { DocTypes } from '../../doctypes/doctypes.ts'
import type { Principal } from '../../policy/principal.ts'

/** A text of a site with 500 DocTypes has 6 MB and takes some 0.1 s to write. */
const MOST_KEPT = 3

/** OpenAPI documents as they were last sent, for callers who see the same; all are dropped when DocTypes or roles change. */
export class OpenApiTexts {
  readonly #doctypes: DocTypes
  #contents: object | undefined
  #kept = new Map<string, Buffer>()

  constructor(doctypes: DocTypes) {
    this.#doctypes = doctypes
  }

  async read(caller: Principal, write: () => Promise<unknown>): Promise<Buffer> {
    const { contents } = this.#doctypes
    if (this.#contents !== contents) [this.#contents, this.#kept] = [contents, new Map()]
    const kept = this.#kept
    const key = keyOf(caller)
    const known = kept.get(key) ?? Buffer.from(JSON.stringify(await write()))
    kept.delete(key)
    kept.set(key, known)
    for (const [oldest] of kept) if (kept.size > MOST_KEPT) kept.delete(oldest)
    return known
  }
}

/** All that decides what a caller sees. */
function keyOf({ user, roles, sharedDoctypes, token }: Principal): string {
  const rights = token && [token.scopes.tokens.toSorted(), token.unfenced, token.doctypeIds]
  return JSON.stringify([
    user === 'Administrator' || user === 'Guest' ? user : '',
    [...roles].toSorted(),
    [...sharedDoctypes].toSorted(),
    rights,
  ])
}

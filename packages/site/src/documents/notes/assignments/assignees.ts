import { invalid } from '@annex/protocol'
import { isGuest } from '../../../policy/principal.ts'
import { judged, readHeld } from '../../held.ts'
import { hasRight } from '../../permit.ts'
import type { NoteParts } from '../note-parts.ts'
import type { Referred } from '../require-readable.ts'

/**
 * Sees that each of these people has an account that is enabled.
 *
 * @returns those who may not read the document as things stand
 * @throws {FrappeError} `ValidationError` naming who is unknown
 */
export async function requireAssignees(parts: NoteParts, about: Referred, users: readonly string[]): Promise<string[]> {
  const premises = parts.premises()
  const { connection } = premises.database
  const doctype = premises.doctypes.require(about.doctype)
  const held = doctype.virtual || doctype.issingle ? undefined : await readHeld(premises, connection, doctype, about.name)
  const without: string[] = []
  for (const user of users) {
    const principal = await parts.principalOf(user)
    if (!principal || isGuest(principal))
      throw invalid(`There is no enabled user ${user.slice(0, 140)} to assign to; check the name, or enable the user first`)
    if (held && !(await hasRight(premises, connection, principal, doctype, 'read', judged(held)))) without.push(user)
  }
  return without
}

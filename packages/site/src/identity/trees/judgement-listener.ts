import type { Generation } from '@annex/database'
import { treeParentField } from '../../doctypes/definition/tree-parent-field.ts'
import type { DocumentEvent, DocumentListener } from '../../documents/premises.ts'
import { hasPermissionFor, hasTreePermission } from './user-permission-store.ts'

/**
 * Moves the generation when a document changes by what users are judged: a node joins, leaves or moves in a tree that
 * a user permission speaks of, or something that one names gets another name.
 *
 * Documents of other DocTypes cost nothing here, but for a query when one is renamed.
 */
export const judgementListener =
  (generation: Generation): DocumentListener =>
  async (event) => {
    if (await changesJudgement(event)) await generation.bump(event.connection)
  }

async function changesJudgement(event: DocumentEvent): Promise<boolean> {
  const { act, connection, doctype, document } = event
  if (movesInTree(event) && (await hasTreePermission(connection, doctype.name))) return true
  if (act !== 'rename') return false
  // A name that was given up must not be judged as the one that had it.
  return doctype.name === 'Role' || doctype.name === 'User' || hasPermissionFor(connection, doctype.name, String(document.name))
}

/** A new node counts at the root, too: one of its name may have stood elsewhere. */
function movesInTree({ act, doctype, document, previous }: DocumentEvent): boolean {
  const parentField = treeParentField(doctype)
  if (parentField === undefined) return false
  return act === 'insert' || act === 'rename' || (previous !== undefined && previous[parentField] !== document[parentField])
}

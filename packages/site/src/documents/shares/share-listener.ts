import type { Generation } from '@annex/database'
import { notFound, type Document } from '@annex/protocol'
import { SHARED_RIGHTS, type SharedRight } from '../../policy/shares.ts'
import { judged } from '../held.ts'
import { hasByRole, readSeen, refusal } from '../permit.ts'
import type { DocumentEvent, DocumentListener, Premises } from '../premises.ts'
import { sharerOf } from './deputies.ts'
import { hasOtherShare, readSharedRights, removeSharesOf, type Sharee } from './share-store.ts'

/**
 * Judges every share that is written, whichever way it came, and drops the shares of a document that is removed.
 *
 * The generation moves when the DocTypes of which something is shared with someone change, and not with every share.
 *
 * @throws {FrappeError} `PermissionError` for who may not share the document, or gives a right that they lack
 */
export const shareListener =
  (premisesOf: () => Premises, generation: Generation): DocumentListener =>
  async (event) => {
    const premises = premisesOf()
    if (event.doctype.name === 'DocShare') {
      await judgeShare(premises, event)
      if (await changesSharedDoctypes(premises, event)) await generation.bump(event.connection)
    } else if (event.act === 'remove' && (await dropShares(premises, event))) await generation.bump(event.connection)
  }

async function judgeShare(premises: Premises, event: DocumentEvent): Promise<void> {
  const { act, document, previous } = event
  if (previous) await judgeTarget(premises, event, previous, [])
  if (act === 'remove') return
  const isSame = previous !== undefined && targetKey(previous) === targetKey(document) && shareeKey(previous) === shareeKey(document)
  const given = SHARED_RIGHTS.filter((right) => document[right] === 1 && !(isSame && previous[right] === 1))
  if (!(await judgeTarget(premises, event, document, given))) throw notFound(textOf(document, 'share_doctype'), targetName(document))
}

/** False when the document that is shared is not there. */
async function judgeTarget(premises: Premises, event: DocumentEvent, share: Document, given: readonly SharedRight[]): Promise<boolean> {
  const doctype = premises.doctypes.get(textOf(share, 'share_doctype'))
  const held = doctype && (await readSeen(premises, event.connection, event.principal, doctype, targetName(share)))
  if (!held) return false
  const byShare = await sharedBefore(event, share)
  for (const right of ['share', ...given] as const)
    if (!byShare.has(right) && !hasByRole(premises, sharerOf(event.principal), doctype, right, judged(held)))
      throw refusal(doctype, right, targetName(share))
  return true
}

/** What shares gave the sharer on the document before this change: the share that is written must not answer for itself. */
async function sharedBefore(
  { connection, principal, document, previous }: DocumentEvent,
  share: Document,
): Promise<ReadonlySet<SharedRight>> {
  const { user } = sharerOf(principal)
  const target = { doctype: textOf(share, 'share_doctype'), name: targetName(share) }
  const others = await readSharedRights(connection, user, target, String(document.name))
  const wasTheirs = previous && targetKey(previous) === targetKey(share) && (previous['user'] === user || previous['everyone'] === 1)
  return new Set([...others, ...(wasTheirs ? SHARED_RIGHTS.filter((right) => previous[right] === 1) : [])])
}

/** Whether someone has their first share of a DocType now, or has lost their last. */
async function changesSharedDoctypes({ dialect }: Premises, { connection, act, document, previous }: DocumentEvent): Promise<boolean> {
  const [before, after] = [reachOf(previous), act === 'remove' ? undefined : reachOf(document)]
  if (before && after && before.doctype === after.doctype && JSON.stringify(before.sharee) === JSON.stringify(after.sharee)) return false
  for (const reach of [before, after])
    if (reach && !(await hasOtherShare(connection, dialect, reach.doctype, reach.sharee, String(document.name)))) return true
  return false
}

/** Whom a share lets read documents of which DocType. */
function reachOf(share: Document | undefined): { readonly doctype: string; readonly sharee: Sharee } | undefined {
  if (share?.['read'] !== 1) return undefined
  return { doctype: textOf(share, 'share_doctype'), sharee: share['everyone'] === 1 ? { everyone: true } : { user: textOf(share, 'user') } }
}

/** True when someone has lost their last share of the DocType. */
async function dropShares({ dialect }: Premises, { connection, doctype, document }: DocumentEvent): Promise<boolean> {
  const name = String(document.name)
  for (const sharee of await removeSharesOf(connection, { doctype: doctype.name, name }))
    if (!(await hasOtherShare(connection, dialect, doctype.name, sharee))) return true
  return false
}

function textOf(share: Document, fieldname: string): string {
  const value = share[fieldname]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
const targetName = (share: Document): string => textOf(share, 'share_name')
const targetKey = (share: Document): string => JSON.stringify([share['share_doctype'], share['share_name']])
const shareeKey = (share: Document): string => JSON.stringify([share['user'], share['everyone']])

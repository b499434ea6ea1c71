import { invalid, notPermitted, type Document } from '@annex/protocol'
import type { DocumentEvent, DocumentListener, Premises } from '../../premises.ts'
import { alterMirror } from '../mirror.ts'
import type { NoteParts } from '../note-parts.ts'
import { requireReadable, type Referred } from '../require-readable.ts'
import { withComment } from './comment-mirror.ts'

/** Sees that a comment is signed truly and stands where its writer may read, and mirrors it in `_comments` of its document. */
export function commentListener({ premises }: NoteParts): DocumentListener {
  return async (event) => {
    if (event.doctype.name !== 'Comment') return
    if (event.act === 'insert') await requireHonest(premises(), event)
    if (event.act === 'insert' || event.act === 'update' || event.act === 'remove') await follow(premises(), event, event.act)
  }
}

async function requireHonest(premises: Premises, { connection, principal, document }: DocumentEvent): Promise<void> {
  if (document['comment_email'] !== principal.user && !principal.roles.has('System Manager'))
    throw notPermitted('A comment is signed by its writer: leave comment_email out, or ask a System Manager to write it for another')
  const about = referenceOf(document)
  if (about) await requireReadable(premises, connection, principal, about)
}

async function follow(premises: Premises, { connection, document }: DocumentEvent, act: 'insert' | 'update' | 'remove'): Promise<void> {
  const about = referenceOf(document)
  if (!about || document['comment_type'] !== 'Comment') return
  await alterMirror(premises, connection, about, '_comments', (text) => withComment(text, document, act))
}

function referenceOf(comment: Document): Referred | undefined {
  const [doctype, name] = [textOf(comment['reference_doctype']), textOf(comment['reference_name'])]
  if ((doctype === '') !== (name === '')) throw invalid('Give reference_doctype and reference_name together, or neither')
  return doctype === '' ? undefined : { doctype, name }
}

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

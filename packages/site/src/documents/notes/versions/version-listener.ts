import { isRecord, type Document } from '@annex/protocol'
import { childOf } from '../../permit.ts'
import { readHeld, toWholeDocument } from '../../held.ts'
import type { DocumentEvent, DocumentListener, Premises } from '../../premises.ts'
import { fieldOf } from '../../shape.ts'
import { insertNote } from '../insert-note.ts'
import { isMerge } from '../renames.ts'
import type { NoteParts } from '../note-parts.ts'
import type { AppNames } from './app-names.ts'
import { differenceOf, type Difference } from './difference.ts'

/** Through which app a change was made. */
export interface UpdaterReference {
  readonly doctype: string
  readonly docname: string
  readonly label: string
}

/** The `data` of a version, as JSON text. */
export interface VersionContent extends Partial<Difference> {
  readonly creation?: string
  readonly created_by?: string
  readonly data_import: null
  readonly updater_reference: UpdaterReference | null
}

/**
 * Keeps what each change made of a document whose DocType tracks changes, by whom and through which app.
 *
 * What an app inserts has a version that says so; what a person inserts has none. An amendment is compared with its original.
 */
export function versionListener({ premises }: NoteParts, apps: AppNames): DocumentListener {
  return async (event) => {
    if (!event.doctype.track_changes || event.act === 'remove') return
    const content = await contentOf(premises(), event, apps)
    if (!content) return
    await insertNote(premises(), event.connection, 'Version', event.principal.user, {
      ref_doctype: event.doctype.name,
      docname: String(event.document.name),
      data: JSON.stringify(content),
    })
  }
}

async function contentOf(premises: Premises, event: DocumentEvent, apps: AppNames): Promise<VersionContent | undefined> {
  const { doctype, document, principal } = event
  const previous = event.previous ?? (await originalOf(premises, event))
  const difference =
    previous && (isMerge(event) ? mergeOf(previous, document) : differenceOf(childOf(premises), doctype, previous, document))
  if (!difference && (previous || !principal.token)) return undefined
  const told = difference ?? { creation: document.creation, created_by: principal.user }
  return { ...told, data_import: null, updater_reference: await updaterOf(premises, event, apps) }
}

/** The document that is left has not changed in itself. */
const mergeOf = (gone: Document, kept: Document): Difference => ({
  changed: [['name', String(gone.name), String(kept.name)]],
  added: [],
  removed: [],
  row_changed: [],
})

async function originalOf(premises: Premises, { connection, doctype, document }: DocumentEvent): Promise<Document | undefined> {
  const original = fieldOf(doctype, 'amended_from') ? document['amended_from'] : undefined
  if (typeof original !== 'string' || original === '') return undefined
  const held = await readHeld(premises, connection, doctype, original)
  return held && toWholeDocument(premises, doctype, held)
}

async function updaterOf(premises: Premises, { connection, principal }: DocumentEvent, apps: AppNames): Promise<UpdaterReference | null> {
  const client = principal.token?.client
  if (client === undefined) return null
  return { doctype: 'OAuth Client', docname: client, label: `via ${await apps.read(premises, connection, client)}` }
}

/** @returns undefined for what is no version's content */
export function parseContent(text: unknown): VersionContent | undefined {
  if (typeof text !== 'string') return undefined
  const content: unknown = JSON.parse(text)
  return isRecord(content) ? (content as unknown as VersionContent) : undefined
}

import { FrappeError } from '@annex/protocol'
import type { Documents } from '../../../documents/documents.ts'
import { texts } from '../../../pages/texts.ts'
import type { Principal } from '../../../policy/principal.ts'
import { faultOfChoices, type RowChoices } from './row-choices.ts'

/** What is wrong with the documents that somebody chose, as a sentence for them. A document that they do not see is none to choose. */
export async function sentenceOfUnseen(
  documents: Pick<Documents, 'list'>,
  principal: Principal,
  choices: RowChoices,
): Promise<string | undefined> {
  const fault = await faultOfChoices(choices, (doctype, names) => seenNames(documents, principal, doctype, names))
  if (!fault) return undefined
  return texts.consent.unseen
    .replace('{doctype}', () => fault.doctype)
    .replace('{names}', () => fault.names.slice(0, 5).join(', ').slice(0, 300))
}

async function seenNames(
  documents: Pick<Documents, 'list'>,
  principal: Principal,
  doctype: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  try {
    const filters = [{ fieldname: 'name', operator: 'in', value: names }] as const
    const rows = await documents.list(principal, { doctype, fields: ['name'], filters, limit: null })
    return new Set(rows.map((row) => String(row['name'])))
  } catch (error) {
    // Who may list none of them sees none of them.
    if (error instanceof FrappeError) return new Set()
    throw error
  }
}

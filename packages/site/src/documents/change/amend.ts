import type { Connection } from '@annex/database'
import { invalid, type DocType, type Document, type Values } from '@annex/protocol'
import { isCounted, nameFor } from '../../doctypes/naming/name-for.ts'
import type { Principal } from '../../policy/principal.ts'
import { readSeen } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { fieldOf, type StoredRow } from '../shape.ts'

export const isAmendment = (doctype: DocType, draft: Document): boolean =>
  Boolean(fieldOf(doctype, 'amended_from') && draft['amended_from'])

/** The name of a new document: of an amendment, the original's with a number behind it. */
export async function newName(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  draft: Document,
  sent: Values,
  now: number,
): Promise<string> {
  const asNew = (): Promise<string> => nameFor({ connection, doctype, values: draft, sent, now, zone: premises.zone })
  if (!isAmendment(doctype, draft)) return asNew()
  const original = (await readSeen(premises, connection, principal, doctype, String(draft['amended_from'])))?.row
  if (original?.docstatus !== 2)
    throw invalid(
      `${doctype.name} ${String(draft['amended_from']).slice(0, 140)} is not cancelled; only a cancelled document can be amended`,
    )
  return isCounted(doctype) ? asNew() : amendedName(original)
}

/** `X` → `X-1` → `X-2`. */
function amendedName(original: StoredRow): string {
  const number = original['amended_from'] ? /^(.*)-(\d+)$/.exec(original.name) : null
  return number ? `${number[1]}-${Number(number[2]) + 1}` : `${original.name}-1`
}

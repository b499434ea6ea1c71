import type { KeptDocname } from '../../stores/connector-store.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'
import type { KeptNames } from './kept-names.ts'
import type { Told } from './refreshing.ts'
import { isRepeated } from './site-times.ts'

export interface ApplyParts {
  readonly names: KeptNames
  readonly client: UpstreamClient
}

/** Keeps what the site has said of one name. What is older never takes the place of what is newer. */
export async function applyTold({ names, client }: ApplyParts, doctype: string, told: Told, known: KeptDocname | undefined): Promise<void> {
  switch (told.state) {
    case 'there':
      return names.keep(doctype, '', [await inOrder(client, told.row, known)])
    case 'renamed':
      return known === undefined
        ? names.keep(doctype, '', [told.row])
        : names.rename({ ...known, state: 'gone', renamedTo: told.row.name }, { ...told.row, seenAt: known.seenAt })
    default:
      // A name that nobody has seen is not worth a row: it may be anything that was typed.
      if (known !== undefined) await names.keepVerdict({ ...known, state: told.state, renamedTo: null })
  }
}

/**
 * In the hour that is repeated when summer time ends, the later of two times may be the smaller text. What is kept was read
 * before the site was asked, so the answer is the newer one: it goes by the greater text, which the store does not refuse.
 */
async function inOrder(client: UpstreamClient, row: KeptDocname, known: KeptDocname | undefined): Promise<KeptDocname> {
  if (known === undefined || row.modified >= known.modified) return row
  const zone = await client.timeZone()
  const isUnordered = isZone(zone) && isRepeated(row.modified, zone) && isRepeated(known.modified, zone)
  return isUnordered ? { ...row, modified: known.modified } : row
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).format(0) !== ''
  } catch {
    return false
  }
}

import { isRecord } from '@annex/protocol'
import type { InboxEntry } from '../../stores/connector-store.ts'
import type { DocumentHint } from './webhook-options.ts'
import { parseJson } from '../upstream/transport.ts'

/** Frappe's longest name of a document or a DocType, in characters. */
const LONGEST_NAME = 140

export type Claim = Pick<DocumentHint, 'doctype' | 'name' | 'event' | 'modified'>

/**
 * What a body says of a document. It may stand at the top, as a Frappe site sends its fields, or below `data`, beside a
 * `type`, as Standard Webhooks recommend.
 *
 * @param path the DocType that the address names: the body of a Frappe site names none
 * @returns undefined when it names no document, or the body's DocType is not the path's
 */
export function readClaim(body: string, path: string | undefined): Claim | undefined {
  const json = parseJson(body)
  if (!isRecord(json)) return undefined
  const fields = isRecord(json['data']) ? json['data'] : json
  const said = textIn(fields['doctype'])
  const [doctype, name] = [path ?? said, nameIn(fields['name'])]
  if (!isName(doctype) || !isName(name) || (said !== undefined && said !== doctype)) return undefined
  return { doctype, name, event: textIn(json['type'] ?? json['event']) ?? null, modified: textIn(fields['modified']) ?? null }
}

/** The hint of an entry of the inbox, which holds nothing else of what was received. */
export function hintOf({ id, payload, receivedAt }: InboxEntry): DocumentHint {
  return { id, ...(JSON.parse(payload) as Claim), receivedAt }
}

/** The DocType in a path below the webhook's own; undefined when it is none. */
export function doctypeIn(step: string): string | undefined {
  try {
    const doctype = decodeURIComponent(step)
    return isName(doctype) ? doctype : undefined
  } catch {
    return undefined
  }
}

/** What no site would call a document: it could be asked for under no address, or under that of another. */
const isName = (text: string | undefined): text is string =>
  text !== undefined &&
  text !== '' &&
  text === text.trim() &&
  [...text].length <= LONGEST_NAME &&
  !/\p{Cc}/u.test(text) &&
  text.isWellFormed()

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME ? value : undefined

/** Documents that count their names have numbers. */
const nameIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : undefined

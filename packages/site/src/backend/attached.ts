import { notPermitted, type Values } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'

/**
 * The DocType that a File is to be attached to by what is written: a token needs to write there, too.
 *
 * @throws {FrappeError} `PermissionError` for a token that writes a File which does not say enough to be judged by
 */
export function attachedTo({ token }: Principal, doctype: string, values: Values): string | undefined {
  if (!token || doctype !== 'File') return undefined
  const { attached_to_doctype: target, attached_to_name: name } = values
  if (Boolean(name) && target === undefined) throw notPermitted('An app that attaches a file names attached_to_doctype, too; send it')
  refusePointing(values)
  return typeof target === 'string' && target !== '' ? target : undefined
}

/** A File that names a private address and brings no content would read there for an app that was not granted what it is attached to. */
function refusePointing({ file_url: url, content }: Values): void {
  if (typeof url === 'string' && !content && /^\s*\/private\//.test(url))
    throw notPermitted('An app sends the content of a private file, or calls upload_file with its file_url')
}

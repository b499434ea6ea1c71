/** Without control, format and other characters that are not seen: two addresses must not look like one. */
const LOCAL = /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}$/u
/** Vowels of some scripts are marks upon a letter. */
const HOST = /^(?![-\p{M}])[\p{L}\p{M}\p{N}-]{1,63}(?<!-)(\.(?![-\p{M}])[\p{L}\p{M}\p{N}-]{1,63}(?<!-))*$/u
/** Of a path without its angle brackets. */
const LONGEST = 254
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** What a letter comes from: an address, and the name that is shown with it. */
export interface Mailbox {
  /** Empty when there is none. */
  readonly name: string
  readonly address: string
}

/**
 * Whether a text is the address of one mailbox and nothing else: no list, no name, no brackets, no blank, nothing that begins a header.
 *
 * Quoted local parts are refused: nobody has one, and what stands in the quotes can be read as another address.
 *
 * @see RFC 5321 sections 4.1.2 and 4.5.3.1
 */
export function isMailAddress(text: string): boolean {
  if (text.length > LONGEST) return false
  const at = text.lastIndexOf('@')
  return LOCAL.test(text.slice(0, Math.max(at, 0))) && HOST.test(text.slice(at + 1))
}

/**
 * One mailbox as people write it: `ann@example.com` or `Ann <ann@example.com>`; undefined for a list and for all else.
 *
 * @see RFC 5322 section 3.4
 */
export function readMailbox(text: string): Mailbox | undefined {
  if (UNSEEN.test(text)) return undefined
  const written = text.trim()
  if (isMailAddress(written)) return { name: '', address: written }
  const [, name = '', address = ''] = /^([^<>@,;]*)<([^<>]+)>$/.exec(written) ?? []
  return isMailAddress(address) ? { name: name.trim().replace(/^"([^"]*)"$/, '$1'), address } : undefined
}

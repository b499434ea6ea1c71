/** Characters; what an address and every file system can hold. */
const LONGEST = 140
const LONGEST_EXTENSION = 20

/** Names that Windows keeps for devices, whatever their extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * A file's name without what could mislead a program or a person: no slashes (removed, as in Frappe), no tags, no control
 * or direction characters, no leading dots, no device of Windows; composed Unicode; the extension kept when it is cut.
 */
export function cleanFileName(sent: string): string {
  const visible = sent
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[/\\<>]|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu, '')
  const plain = withoutEnd(visible.replace(/^[.\s]+/, ''))
  const named = DEVICE.test(plain) ? `_${plain}` : plain
  return named === '' ? 'file' : cut(named, LONGEST)
}

/** Without dots and spaces at its end. A pattern would try each run of them anew from each of its characters. */
function withoutEnd(name: string): string {
  let end = name.length
  while (end > 0 && /[.\s]/.test(name.charAt(end - 1))) end -= 1
  return name.slice(0, end)
}

/** The name with digits of the content's hash before its extension, as Frappe names a second file of one name. */
export function withDigits(name: string, digits: string): string {
  const [stem, extension] = split(name)
  return `${cut(stem, LONGEST - digits.length - extension.length)}${digits}${extension}`
}

/** The last part of an address: what would end its path or be read as an escape is replaced, the rest stays readable. */
export const pathNameOf = (name: string): string => name.replaceAll(/[#?%"^`{|}]/g, '_')

/** In capitals and without its dot; empty when there is none. */
export const extensionOf = (name: string): string => split(name)[1].slice(1).toUpperCase()

function split(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf('.')
  return dot > 0 && name.length - dot <= LONGEST_EXTENSION ? [name.slice(0, dot), name.slice(dot)] : [name, '']
}

function cut(name: string, longest: number): string {
  if (name.length <= longest) return name
  const [stem, extension] = split(name)
  return `${stem
    .slice(0, longest - extension.length)
    .toWellFormed()
    .replace(/\uFFFD$/, '')}${extension}`
}

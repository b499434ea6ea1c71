/** What pressing a button of a page sends, and where. */
export interface Submission {
  /** As the page wrote it: relative, absolute, or empty for the page itself. */
  readonly action: string
  readonly fields: URLSearchParams
}

interface Tag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

/**
 * The submission of the form that has a `decision` button with this value; undefined when the page has none.
 *
 * Sends what a browser would: hidden fields and ticked boxes, in the order of the page, and the button itself.
 */
export function submissionOf(page: string, decision: string, untick: readonly string[]): Submission | undefined {
  for (const form of page.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)) {
    const tags = tagsOf(form[2] ?? '')
    if (!tags.some((tag) => isButton(tag, decision))) continue
    const fields = new URLSearchParams(
      tags.filter((tag) => isSent(tag, untick)).map((tag) => [attribute(tag, 'name'), attribute(tag, 'value', 'on')]),
    )
    fields.append('decision', decision)
    return { action: attributesOf(form[1] ?? '').get('action') ?? '', fields }
  }
  return undefined
}

const isButton = (tag: Tag, decision: string): boolean => attribute(tag, 'name') === 'decision' && attribute(tag, 'value') === decision

function isSent(tag: Tag, untick: readonly string[]): boolean {
  if (tag.name !== 'input' || attribute(tag, 'name') === '') return false
  const type = attribute(tag, 'type')
  if (type === 'hidden') return true
  return type === 'checkbox' && tag.attributes.has('checked') && !untick.includes(attribute(tag, 'value'))
}

const attribute = (tag: Tag, name: string, otherwise = ''): string => tag.attributes.get(name) ?? otherwise

const tagsOf = (html: string): Tag[] =>
  [...html.matchAll(/<(input|button)\b([^>]*)>/gi)].map((tag) => ({
    name: (tag[1] ?? '').toLowerCase(),
    attributes: attributesOf(tag[2] ?? ''),
  }))

function attributesOf(text: string): Map<string, string> {
  const found = text.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)
  return new Map(
    [...found].map(([, name = '', ...values]) => [name.toLowerCase(), decoded(values.find((value) => value !== undefined) ?? '')]),
  )
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decoded(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (written, hex?: string, decimal?: string, name?: string) => {
    if (name) return named[name] ?? written
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal))
  })
}

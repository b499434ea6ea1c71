/** Text that is markup already. Only `html` makes it, and the stylesheet, whose bytes are hashed. */
export class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** What may stand in a template: text is escaped, markup is kept, lists are joined, false and undefined are left out. */
export type Part = string | number | Html | false | undefined | readonly Part[]

/** Markup from a template; all that is put in is escaped unless it is markup itself. Quote every attribute. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + render(parts[index - 1]) + string))
}

function render(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.toString()
  if (typeof part === 'object') return part.map(render).join('')
  return escape(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** Controls, and characters that turn the direction of the text after them: a name must not rewrite the sentence it stands in. */
const UNSHOWN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** A text on one line, without what cannot be seen. */
export const plain = (text: string): string => text.replace(UNSHOWN, '')

/** A name that somebody else chose, as it may stand in a sentence: in its own direction. */
export const shownName = (name: string): Html => html`<bdi>${plain(name)}</bdi>`

/** Hidden fields of a form; a list makes one field for each of its entries. */
export const hiddenFields = (fields: Readonly<Record<string, string | readonly string[]>>): Html =>
  html`${Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value) => html`<input type="hidden" name="${name}" value="${value}" />`))}`

import { createRequire } from 'node:module'
import { invalid, type DocField } from '@annex/protocol'
import type { IOptions } from 'sanitize-html'

type Sanitize = (text: string, options: IOptions) => string

/** Kept as they were sent: programs, addresses of files, and what is checked in another way. */
const KEPT: ReadonlySet<string> = new Set(['Code', 'JSON', 'Geolocation', 'Attach', 'Attach Image', 'Password', 'Select', 'Color'])
const A_TAG_BEGINS = /<[a-z!/?]/i
/** Of text behind the last `>`: what runs, or has an attribute. */
const UNENDED = /<(?=\/?(?:script|style|svg|math|iframe|object)|[a-z!/?][^<]*=)/gi

/**
 * Text without the markup that runs: scripts are shown as text, event handlers and addresses that are programs are left
 * out, and what formats a text stays. Text without a tag is returned as it is.
 *
 * @throws {FrappeError} `ValidationError` for more markup than is looked through in a moment, and for tags nested deeper than any page shows
 */
export function withoutScripts(field: DocField, text: string): string {
  if (!text.includes('<') || field.ignore_xss_filter || KEPT.has(field.fieldtype)) return text
  // `Ann <ann@example.com>`
  if (field.options === 'Email') return text
  const end = text.lastIndexOf('>') + 1
  // What stands behind the text on a page would end a tag that does not end here.
  const rest = text.slice(end).replace(UNENDED, '&lt;')
  const tags = text.slice(0, end)
  if (!A_TAG_BEGINS.test(tags)) return tags + rest
  if (tags.length > LONGEST && tags.replaceAll(EMBEDDED, '').length > LONGEST)
    throw invalid(
      `${field.label}: ${LONGEST} characters of text with tags are the most; take tags out of it, divide it, or send it as a file`,
    )
  return sanitizer()(tags + rest, { ...(field.fieldtype === 'Barcode' ? DRAWING : FORMATTED), ...boundedIn(field) })
}

/** Tags cost about a microsecond a character, in which nobody else is served. */
const LONGEST = 1_000_000
/** What a picture in a text is made of costs next to nothing. */
const EMBEDDED = /;base64,[a-z\d+/]+/gi

/** Browsers stop at 512. */
const DEEPEST = 1000

/** Each tag that ends looks for its beginning among those that are open: with very many of them, one text would take minutes. */
function boundedIn({ label }: DocField): IOptions {
  let depth = 0
  return {
    onOpenTag: () => {
      depth += 1
      if (depth > DEEPEST) throw invalid(`${label}: tags are nested deeper than ${DEEPEST} in it; end each before the next begins`)
    },
    onCloseTag: () => {
      depth -= 1
    },
  }
}

let loaded: Sanitize | undefined

/** Loaded when a text first needs it: most sites start, and many serve, without. */
const sanitizer = (): Sanitize => (loaded ??= createRequire(import.meta.url)('sanitize-html') as Sanitize)

const SIZE = /^(?:auto|-?\d+(?:\.\d+)?(?:px|em|rem|pt|%)?)$/i
const COLOR = /^(?:#[\da-f]{3,8}|[a-z]+|(?:rgb|hsl)a?\([\d\s.,%/]+\))$/i
const WORDS = /^[\w\s,"'-]+$/
const STYLES: Readonly<Record<string, RegExp>> = {
  color: COLOR,
  'background-color': COLOR,
  'text-align': WORDS,
  'vertical-align': WORDS,
  'text-decoration': WORDS,
  'font-family': WORDS,
  'font-size': SIZE,
  'font-style': WORDS,
  'font-weight': WORDS,
  'line-height': SIZE,
  'list-style-type': WORDS,
  'margin-left': SIZE,
  'padding-left': SIZE,
  width: SIZE,
  height: SIZE,
}

// Beside those that the library lets pass itself: text, lists, tables, links.
const TAGS =
  'address article aside footer header h1 h2 h3 h4 h5 h6 hgroup main nav section blockquote dd div dl dt figcaption figure hr li ol p pre ul a abbr b bdi bdo big br center cite code data del details dfn em font i img ins kbd mark q rp rt ruby s samp small span strike strong sub summary sup time u var wbr caption col colgroup table tbody td tfoot th thead tr'

const FORMATTED: IOptions = {
  allowedTags: TAGS.split(' '),
  disallowedTagsMode: 'escape',
  allowedAttributes: {
    '*': ['align', 'class', 'data-*', 'dir', 'lang', 'style', 'title'],
    a: ['href', 'name', 'rel', 'target'],
    col: ['span', 'width'],
    font: ['color', 'face', 'size'],
    img: ['alt', 'height', 'src', 'width'],
    ol: ['start', 'type'],
    table: ['border', 'cellpadding', 'cellspacing', 'width'],
    td: ['colspan', 'rowspan', 'valign', 'width'],
    th: ['colspan', 'rowspan', 'scope', 'valign', 'width'],
    time: ['datetime'],
  },
  allowedStyles: { '*': Object.fromEntries(Object.entries(STYLES).map(([name, allowed]) => [name, [allowed]])) },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['http', 'https', 'data'] },
}

/** The bars of a code, as Frappe's form draws them. */
const DRAWING: IOptions = {
  allowedTags: ['svg', 'g', 'path', 'rect', 'text'],
  disallowedTagsMode: 'escape',
  allowedAttributes: {
    '*': 'class d data-* fill font-family font-size height style text-anchor transform version viewBox width x xmlns y'.split(' '),
  },
  allowedStyles: { '*': { fill: [COLOR], font: [WORDS], stroke: [COLOR] } },
  parser: { lowerCaseTags: false, lowerCaseAttributeNames: false, xmlMode: true },
}

import type { ShownFields } from '../docnames/shown-fields.ts'
import { UpstreamUnavailable } from '../errors.ts'
import type { DocTypeMeta } from '../upstream/types.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'

/** How long a definition is taken for true. */
const LIFETIME_MS = 600_000

/** A link field of a DocType of the site. */
export interface MetaLink {
  /** What it links to. */
  readonly target: string
  /** The DocType that has the field: of a row, the row's. */
  readonly holder: string
}

/** What the site says of one DocType. */
export interface MetaOf {
  /** By key, as `Sales Invoice.items.item_code`. */
  readonly links: ReadonlyMap<string, MetaLink>
  /** As the site's own search shows its documents. */
  readonly shown: ShownFields
}

/** DocTypes as the site defines them, each asked for once in ten minutes; an older answer counts while the site is away. */
export class Metas {
  readonly #clock: () => number
  readonly #read = new Map<string, { readonly meta: MetaOf; readonly readAt: number }>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  async read(doctype: string, client: UpstreamClient): Promise<MetaOf> {
    const known = this.#read.get(doctype)
    if (known !== undefined && this.#clock() - known.readAt < LIFETIME_MS) return known.meta
    try {
      const answer = await client.doctype(doctype)
      const meta = { links: linksOf(answer.doctype, answer.rows), shown: shownOf(answer.doctype) }
      this.#read.set(doctype, { meta, readAt: this.#clock() })
      return meta
    } catch (error) {
      if (known !== undefined && error instanceof UpstreamUnavailable) return known.meta
      throw error
    }
  }
}

function linksOf(doctype: DocTypeMeta, rows: readonly DocTypeMeta[]): Map<string, MetaLink> {
  const own = linkFields(doctype, doctype.name)
  const tables = doctype.fields.filter(({ fieldtype }) => fieldtype.startsWith('Table'))
  const nested = tables.flatMap(({ fieldname, options }) => {
    const row = rows.find(({ name }) => name === options)
    return row === undefined ? [] : linkFields(row, `${doctype.name}.${fieldname}`)
  })
  return new Map([...own, ...nested])
}

const linkFields = (doctype: DocTypeMeta, stem: string): [string, MetaLink][] =>
  doctype.fields
    .filter(({ fieldtype, options }) => fieldtype === 'Link' && options)
    .map(({ fieldname, options }) => [`${stem}.${fieldname}`, { target: options!, holder: doctype.name }])

function shownOf({ title_field: title, show_title_field_in_link: isShown, search_fields: searched }: DocTypeMeta): ShownFields {
  const titles = typeof title === 'string' && title !== '' ? [title] : []
  // A list in the definitions of some, comma-separated text in those of others.
  const fields = (Array.isArray(searched) ? searched.map(String) : typeof searched === 'string' ? searched.split(',') : [])
    .map((field) => field.trim())
    .filter((field) => field !== '')
  const description = [...new Set([...titles, ...fields])]
  return isShown && titles[0] !== undefined ? { label: titles[0], description, fetch: [] } : { description, fetch: [] }
}

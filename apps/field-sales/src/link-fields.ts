import type { Connection, LinkItem, LinkOptions } from '@annex/connector'

/** Where a visit report holds a docname of the primary site, and of which DocType. */
export const LINK_FIELDS = { item: 'Item', customer: 'Customer' } as const

export type LinkFieldName = keyof typeof LINK_FIELDS

/** The same for the connector, which answers at `addressOf(field)`. */
export const LINKS: LinkOptions = { 'Visit.item': { doctype: LINK_FIELDS.item }, 'Visit.customer': { doctype: LINK_FIELDS.customer } }

/** Where a page asks for suggestions. */
export const addressOf = (field: LinkFieldName): string => `/connect/links/Visit.${field}`

/** The field whose documents are of this DocType. */
export const fieldOf = (doctype: string): LinkFieldName | undefined =>
  (Object.keys(LINK_FIELDS) as LinkFieldName[]).find((field) => LINK_FIELDS[field] === doctype)

/** What to show beside a docname; '' for none. */
export const wordsOf = (item: LinkItem | undefined): string =>
  item === undefined ? '' : item.label === item.value ? item.description : item.label

/** What a person last saw of documents that are still there for them, by name. Asks nobody. */
export async function readWords(
  { docnames }: Connection,
  field: LinkFieldName,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const kept = await docnames.resolve(LINK_FIELDS[field], names)
  return new Map([...kept.values()].map((row) => [row.name, row.state === 'there' ? wordsOf({ ...row, value: row.name }) : '']))
}

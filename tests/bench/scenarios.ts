import type { TokenResponse } from '@annex/protocol'
import { requestBytes } from './http-connection.ts'
import { itemCode, itemName, itemValues, SHELF_LIVES } from './data/item-doctype.ts'
import type { Sequence } from './load.ts'
import type { Access } from './data/site-data.ts'

/** One kind of request, sent alike to the site and to the bare handler. */
export interface Scenario {
  readonly name: string
  readonly about: string
  /** The requests of one connection to one server. */
  readonly sequence: (connection: number) => Sequence
  /** The same, asked of another provider of the same protocol. */
  readonly peer?: (connection: number) => Sequence
  /** What both servers must answer alike; absent where each makes something new. */
  readonly gist?: (answer: unknown) => unknown
}

export const LIST_FIELDS = ['name', 'item_name', 'item_group', 'stock_uom', 'standard_rate', 'modified'] as const

type Data = Readonly<Record<string, unknown>>
const dataOf = (answer: unknown): Data => (answer as { data: Data }).data
const rowsOf = (answer: unknown): readonly Data[] => (answer as { data: readonly Data[] }).data

/** @param documents - how many Items there are */
export function scenariosFor(access: Access, documents: number): Scenario[] {
  const bearer = (connection: number): Record<string, string> => ({ authorization: `Bearer ${tokensOf(access, connection).access_token}` })
  const get = (connection: number, path: string): Buffer => requestBytes({ method: 'GET', path, headers: bearer(connection) })
  const listPath = `/api/resource/Item?fields=${encodeURIComponent(JSON.stringify(LIST_FIELDS))}&limit_page_length=20`
  const searchPath = '/api/method/frappe.desk.search.search_link?doctype=Item&page_length=10&txt='
  return [
    {
      name: 'list',
      about: 'list of 20 Items, six fields, latest first',
      sequence: (connection) => always(get(connection, listPath)),
      gist: (answer) => rowsOf(answer).map((row) => row['name']),
    },
    {
      name: 'filtered',
      about: 'list of 20 Items, six fields, filtered and ordered by an indexed field',
      sequence: (connection) => walk(connection, Math.min(documents, SHELF_LIVES), (index) => get(connection, filteredPath(index))),
      gist: (answer) => rowsOf(answer).map((row) => row['name']),
    },
    {
      name: 'document',
      about: 'one Item of thirty fields',
      sequence: (connection) => walk(connection, documents, (index) => get(connection, `/api/resource/Item/${itemCode(index)}`)),
      gist: (answer) => [dataOf(answer)['name'], dataOf(answer)['item_name'], dataOf(answer)['standard_rate']],
    },
    {
      name: 'search',
      about: 'link search by a part of the title',
      sequence: (connection) => walk(connection, documents, (index) => get(connection, searchPath + encodeURIComponent(typed(index)))),
      gist: (answer) => (answer as { message: readonly { value: string }[] }).message.map(({ value }) => value).toSorted(),
    },
    {
      name: 'token',
      about: 'the name of the caller: a token check and nothing else',
      sequence: (connection) => always(get(connection, '/api/method/frappe.auth.get_logged_user')),
      gist: (answer) => answer,
    },
    {
      name: 'insert',
      about: 'a new Item: permission, three links checked, a version, one durable transaction',
      sequence: (connection) => inserts(connection, { ...bearer(connection), 'content-type': 'application/json' }),
    },
  ]
}

function tokensOf({ tokens }: Access, connection: number): TokenResponse {
  const pair = tokens[connection % tokens.length]
  if (!pair) throw new Error('The bench has no token')
  return pair
}

const filteredPath = (index: number): string => {
  const parameters = { fields: JSON.stringify(LIST_FIELDS), filters: JSON.stringify([['shelf_life_in_days', '>=', index]]) }
  return `/api/resource/Item?${new URLSearchParams({ ...parameters, order_by: 'shelf_life_in_days asc', limit_page_length: '20' })}`
}

const always = (bytes: Buffer): Sequence => ({ next: () => bytes })

/** As a person types: the beginning of the second word and on, the number whole so that few documents match. */
const typed = (index: number): string => itemName(index).slice(-9)

const STEP = 7919

/** Goes about the documents in an order that no cache foresees, each connection from a place of its own. */
export function walk(connection: number, documents: number, bytesOf: (index: number) => Buffer): Sequence {
  let index = connection * 617
  return { next: () => bytesOf((index += STEP) % documents) }
}

function inserts(connection: number, headers: Readonly<Record<string, string>>): Sequence {
  let count = 0
  const next = (): Buffer => {
    count += 1
    const values = itemValues(count, `NEW-${connection}-${count}`)
    return requestBytes({ method: 'POST', path: '/api/resource/Item', headers, body: JSON.stringify(values) })
  }
  return { next }
}

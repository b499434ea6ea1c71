import { get, lackingRows, list, type Lacking } from './acts.fixture.ts'
import type { SiteRow } from './site-stage.fixture.ts'
import { closedRows, type Closed } from './closed.fixture.ts'
import { ALICE, LIMIT, MIA, SCOPES } from './trading.fixture.ts'

const COUNT = 'frappe.client.get_count'
const LINK = 'frappe.desk.search.search_link'

/** With the scope of the list alone, fields of other documents neither show nor tell. */
const BEYOND: readonly Lacking[] = [
  [
    'F05',
    'a field behind a link is not shown',
    'Quote:read',
    list('Quote', { fields: ['name', 'customer.credit_limit'] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor counted over',
    'Quote:read',
    list('Quote', { fields: ['sum(customer.credit_limit) as total'] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor filtered by',
    'Quote:read',
    list('Quote', { filters: [['customer.credit_limit', '>', LIMIT]] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor by an or-filter',
    'Quote:read',
    list('Quote', { or_filters: { 'customer.credit_limit': ['>', LIMIT] } }),
    'Customer:read',
    'list Customer',
  ],
  ['F05', 'nor ordered by', 'Quote:read', list('Quote', { order_by: 'customer.credit_limit desc' }), 'Customer:read', 'list Customer'],
  [
    'F05',
    'nor grouped by',
    'Quote:read',
    list('Quote', { fields: ['count(name) as n'], group_by: '`customer`.`credit_limit`' }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor counted by',
    'Quote:read',
    get(COUNT, { doctype: 'Quote', filters: [['customer.credit_limit', '>', LIMIT]] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor searched by',
    'Quote:read',
    get(LINK, { doctype: 'Quote', txt: '', filters: [['customer.credit_limit', '>', LIMIT]] }),
    'Customer:read',
    'search Customer',
  ],
  ['F05', 'rows follow their document', 'Item:read', list('Quote Line', { parent: 'Quote' }), 'Quote:read', 'list Quote'],
  ['F05', 'also when another parent is named', 'Item:read', list('Quote Line', { parent: 'Item' }), 'Quote:read', 'list Quote Line'],
  ['F05', 'also when they are counted', 'Item:read', get(COUNT, { doctype: 'Quote Line' }), 'Quote:read', 'list Quote Line'],
  [
    'F05',
    'nor what a row links to',
    'Quote:read',
    list('Quote Line', { parent: 'Quote', fields: ['item.maker'] }),
    'Item:read',
    'list Item',
  ],
  ['F05', 'nor a user’s key', 'Item:read', list('Item', { fields: ['maker.api_key'] }), 'User:read', 'list User'],
  [
    'F05',
    'nor by a report’s view',
    'Quote:read',
    get('frappe.desk.reportview.get', { doctype: 'Quote', fields: ['customer.credit_limit'] }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor in a value',
    'Quote:read',
    get('frappe.client.get_value', { doctype: 'Quote', filters: {}, fieldname: 'customer.credit_limit' }),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'nor by version 2',
    'Quote:read',
    (api) => api.send('GET', '/api/v2/document/Quote?fields=["customer.credit_limit"]'),
    'Customer:read',
    'list Customer',
  ],
  [
    'F05',
    'comments stay with their own scope',
    'Quote:read',
    list('Quote', { filters: [['_comments', 'like', '%x%']] }),
    'Comment:read',
    'list Comment',
  ],
]

/** Ways to name a table or a field that is no part of the list: refused before anything is asked. */
const ELSEWHERE: readonly Closed[] = [
  [
    'F05',
    'a table that is no part of the list',
    'Quote:read',
    list('Quote', { fields: ['`tabCustomer`.`credit_limit`'] }),
    417,
    'DataError',
  ],
  ['F05', 'a table in an order', 'Quote:read', list('Quote', { order_by: '`tabCustomer`.`credit_limit` desc' }), 417, 'DataError'],
  [
    'F05',
    'a table in a group',
    'Quote:read',
    list('Quote', { fields: ['count(name) as n'], group_by: '`tabCustomer`.`credit_limit`' }),
    417,
    'DataError',
  ],
  ['F05', 'a table in a filter', 'Quote:read', list('Quote', { filters: [['Customer', 'credit_limit', '=', LIMIT]] }), 417, 'DataError'],
  [
    'F05',
    'a query in a field',
    'Quote:read',
    list('Quote', { fields: ['(SELECT max(credit_limit) from `tabCustomer`) as x'] }),
    417,
    'DataError',
  ],
  ['F05', 'a query in a filter', 'Quote:read', list('Quote', { filters: [['name', 'in', '(select name from `tabCustomer`)']] }), 200],
  [
    'F05',
    'a query in an order',
    'Quote:read',
    list('Quote', { order_by: '(SELECT max(credit_limit) from `tabCustomer`)' }),
    417,
    'DataError',
  ],
  ['F05', 'a field behind a link of any kind', 'Quote:read', list('Quote', { fields: ['about.credit_limit'] }), 417, 'DataError'],
  ['F05', 'a field behind a table of two', 'Quote:read', list('Quote', { fields: ['lines.item.maker'] }), 417, 'DataError'],
]

export const linkRows: readonly SiteRow[] = lackingRows(ALICE, SCOPES, BEYOND)
export const elsewhereRows: readonly SiteRow[] = closedRows(MIA, SCOPES, ELSEWHERE)

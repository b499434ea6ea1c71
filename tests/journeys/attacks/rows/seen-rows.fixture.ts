import { expect } from 'vitest'
import type { Reply } from '../../../../packages/site/src/oauth/testing/app.fixture.ts'
import { get, list, send } from './acts.fixture.ts'
import { pathOf } from '../../../support/callers/api.ts'
import { SiteStage, seen, type Act, type SiteRow } from './site-stage.fixture.ts'
import { ALICE, HELD, SECRET, doctype, field, heldToken } from './walled.fixture.ts'

const every = (name: string, query: Readonly<Record<string, unknown>> = {}): Act => list(name, { limit_page_length: 0, ...query })

/** Answers of lists and counts of one who asks for everything: only company A's come. */
const NARROWED: readonly (readonly [what: string, act: Act, shown: unknown])[] = [
  ['a list', every('Deal', { order_by: 'name' }), [{ name: 'A1' }, { name: 'A2' }]],
  ['a list by what others have', every('Deal', { filters: { company: 'B' } }), []],
  ['a list by name', every('Deal', { filters: { name: ['in', ['A1', 'B1']] } }), [{ name: 'A1' }]],
  [
    'or-filters, which widen nothing',
    every('Deal', {
      or_filters: [
        ['company', '=', 'B'],
        ['name', 'like', '%'],
        ['company', '=', 'A'],
      ],
      order_by: 'name',
    }),
    [{ name: 'A1' }, { name: 'A2' }],
  ],
  ['a list by the names of one’s tags', every('Deal', { filters: { _user_tags: ['like', '%only%'] } }), []],
  ['a list by what rows hold', every('Deal', { filters: [['Deal Line', 'note', '=', SECRET]] }), []],
  ['a list of another DocType, by a field behind a link', every('Visit', { filters: [['deal.secret', 'like', `${SECRET}%`]] }), []],
  [
    'fields behind a link, which are empty',
    every('Visit', { fields: ['name', 'deal.secret', 'deal.amount'], order_by: 'name' }),
    [
      { name: 'To A', secret: 'open', amount: 1 },
      { name: 'To B', secret: null, amount: null },
    ],
  ],
  ['fields behind a link, that are counted over', every('Visit', { fields: ['sum(deal.amount) as total'] }), [{ total: 1 }]],
  [
    'a field behind a link, by which groups are made',
    every('Visit', { fields: ['count(name) as n'], group_by: '`deal`.`secret`', order_by: 'n' }),
    [{ n: 1 }, { n: 1 }],
  ],
  [
    'aggregates',
    every('Deal', { fields: ['count(name) as n', 'sum(amount) as total', 'max(amount) as most'] }),
    [{ n: 2, total: 3, most: 2 }],
  ],
  ['groups', every('Deal', { fields: ['company', 'count(name) as n'], group_by: 'company' }), [{ company: 'A', n: 2 }]],
  ['what there is, once each', every('Deal', { fields: ['company'], distinct: 1 }), [{ company: 'A' }]],
  ['the greatest', every('Deal', { fields: ['name'], order_by: 'amount desc', limit_page_length: 1 }), [{ name: 'A2' }]],
  ['a page behind the last', every('Deal', { limit_start: 2 }), []],
  [
    'child rows',
    every('Deal Line', { parent: 'Deal', fields: ['title'], order_by: 'title' }),
    [{ title: 'line of A1' }, { title: 'line of A2' }],
  ],
  ['child rows by what others have', every('Deal Line', { parent: 'Deal', filters: { note: SECRET } }), []],
  ['comments', every('Comment', { fields: ['reference_name'], filters: { comment_type: 'Comment' } }), [{ reference_name: 'A1' }]],
  ['tasks', every('ToDo', { fields: ['reference_name'] }), [{ reference_name: 'A1' }]],
  ['files', every('File', { fields: ['attached_to_name'], filters: { attached_to_doctype: 'Deal' } }), [{ attached_to_name: 'A1' }]],
  ['versions', every('Version', { fields: ['docname'] }), []],
  ['shares', every('DocShare', { fields: ['share_name'] }), [{ share_name: 'A1' }]],
  ['what was removed', every('Deleted Document', { fields: ['deleted_name'] }), []],
  [
    'a list by a method',
    get('frappe.client.get_list', { doctype: 'Deal', fields: ['name'], order_by: 'name' }),
    [{ name: 'A1' }, { name: 'A2' }],
  ],
  ['a count', get('frappe.client.get_count', { doctype: 'Deal' }), 2],
  ['a count of what others have', get('frappe.client.get_count', { doctype: 'Deal', filters: { company: 'B' } }), 0],
  [
    'a count, once each, through rows',
    get('frappe.desk.reportview.get_count', { doctype: 'Deal', filters: [['Deal Line', 'title', 'like', '%']], distinct: 1 }),
    2,
  ],
  ['a value', get('frappe.client.get_value', { doctype: 'Deal', filters: { company: 'B' }, fieldname: 'secret' }), {}],
  ['a value by name', get('frappe.client.get_value', { doctype: 'Deal', filters: 'B1', fieldname: ['secret'] }), {}],
  ['what may be linked to', get('frappe.client.validate_link', { doctype: 'Deal', docname: 'B1', fields: ['secret'] }), { name: null }],
  ['a link search', get('frappe.desk.search.search_link', { doctype: 'Deal', txt: 'B' }), []],
  ['a link search for a text of theirs', get('frappe.desk.search.search_link', { doctype: 'Deal', txt: SECRET }), []],
  [
    'a link search in a form of another DocType',
    get('frappe.desk.search.search_link', { doctype: 'Buyer', txt: '', reference_doctype: 'Visit', page_length: 9 }),
    [{ value: 'Buyer A', description: 'Buyer A, open', label: 'open' }],
  ],
  ['tags in use', get('frappe.desk.doctype.tag.tag.get_tags', { doctype: 'Deal', txt: '' }), ['open']],
  ['what has a tag', get('frappe.desk.doctype.tag.tag.get_tagged_docs', { doctype: 'Deal', tag: SECRET.slice(0, 50) }), []],
  ['a document that a form loads', get('frappe.desk.form.load.getdoc', { doctype: 'Deal', name: 'B1' }), []],
  ['a list by /api/v2', send('GET', '/api/v2/document/Deal?order_by=name&fields=["name"]'), [{ name: 'A1' }, { name: 'A2' }]],
  ['a count by /api/v2', send('GET', '/api/v2/doctype/Deal/count'), 2],
  [
    'a report’s view',
    get('frappe.desk.reportview.get_list', { doctype: 'Deal', fields: ['name'], order_by: 'name' }),
    [{ name: 'A1' }, { name: 'A2' }],
  ],
  ['whether there is an amendment', get('frappe.client.is_document_amended', { doctype: 'Deal', docname: 'B1' }), undefined],
]

const shown = ({ json }: { readonly json: Readonly<Record<string, unknown>> }): unknown =>
  json['data'] ?? json['message'] ?? json['results']

const narrowed: readonly SiteRow[] = NARROWED.map(([what, act, expected]) => ({
  row: 'F09',
  about: `${what} shows no other`,
  client: HELD,
  attack: async (stage) => {
    const api = await heldToken(stage)
    return async () => seen(await act(api, stage))
  },
  answer: (reply) => {
    expect([reply.status, shown(reply)]).toEqual([200, expected])
    expect(reply.text).not.toContain(SECRET)
  },
}))

/** Filters of each kind, and what of all deals they leave. */
const KINDS: readonly (readonly [what: string, filters: object, names: readonly string[]])[] = [
  ['a pattern', { Deal: [['name', 'like', 'A%']] }, ['A1', 'A2']],
  ['several at once', { Deal: { company: 'A', amount: ['>', 1] } }, ['A2']],
  ['a list', { Deal: [['company', 'in', ['A', 'Z']]] }, ['A1', 'A2']],
  ['what is not', { Deal: [['company', '!=', 'B']] }, ['A1', 'A2']],
  ['a range', { Deal: [['amount', 'between', [1, 2]]] }, ['A1', 'A2']],
  ['a tree', { Deal: [['company', 'descendants of (inclusive)', 'A']] }, ['A1', 'A2']],
  [
    'no descendant',
    {
      Deal: [
        ['company', 'not descendants of', 'B'],
        ['company', 'not ancestors of', 'A'],
        ['company', '!=', 'B'],
      ],
    },
    ['A1', 'A2'],
  ],
  ['what is set', { Deal: [['secret', 'is', 'not set']] }, []],
]

const kinds: readonly SiteRow[] = KINDS.map(([what, filters, names]) => ({
  row: 'F09',
  about: `a filter by ${what} holds in a list, a read and an update`,
  client: { scopes: 'Deal:read Deal:write', row_filters: JSON.stringify(filters) },
  attack: async (stage) => {
    const api = await stage.byToken(ALICE, 'Deal:read Deal:write')
    const acts = [list('Deal', { order_by: 'name' }), send('GET', pathOf('Deal', 'B1')), send('PUT', pathOf('Deal', 'B1'), { amount: 9 })]
    return async () => {
      const replies: Reply[] = []
      for (const act of acts) replies.push(seen(await act(api, stage)))
      return replies
    }
  },
  answer: (reply) => {
    expect(reply.text).not.toContain(SECRET)
    if (reply.status !== 404) expect([reply.status, shown(reply)]).toEqual([200, names.map((name) => ({ name }))])
  },
  holds: async (_stage, replies) => expect(replies.map(({ status }) => status)).toEqual([200, 404, 404]),
}))

/** A DocType whose field is filtered by, and goes. */
const gone: SiteRow = {
  row: 'F09',
  about: 'a filter whose field is gone lets nothing through',
  client: { scopes: 'openid' },
  attack: async (stage) => {
    const { on } = stage
    const shed = doctype('Shed', [field('place', 'Data')])
    await on.insert('DocType', shed)
    await on.insert('Shed', { title: 'one', place: 'here' })
    const held = await SiteStage.set(on, { scopes: 'Shed:read', row_filters: JSON.stringify({ Shed: { place: 'here' } }) })
    const api = await held.byToken(ALICE, 'Shed:read')
    expect(shown(seen(await api.list('Shed')))).toEqual([{ name: 'one' }])
    await on.update('DocType', 'Shed', { fields: (shed['fields'] as object[]).slice(0, 1) })
    return async () => [seen(await api.list('Shed')), seen(await api.send('GET', pathOf('Shed', 'one')))]
  },
  answer: (reply) => expect([reply.status, reply.status === 404 ? [] : shown(reply)]).toEqual([expect.toBeOneOf([200, 404]), []]),
  holds: async (_stage, replies) => expect(replies.map(({ status }) => status)).toEqual([200, 404]),
}

export const seenRows = [...narrowed, ...kinds, gone]

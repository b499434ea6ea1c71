import { expect } from 'vitest'
import { isDiscreet } from '../../../../packages/site/src/oauth/testing/rows/answers-to-attacks.fixture.ts'
import { pathOf, type Values } from '../../../support/callers/api.ts'
import { post, send } from './acts.fixture.ts'
import { seen, type Act, type SiteRow, type SiteStage } from './site-stage.fixture.ts'
import { ALICE, HELD, SECRET, commentOf, fileOf, heldToken, rowOf, taskOf } from './walled.fixture.ts'

type Outside = readonly [what: string, act: Act, status: number, sentence: string, tried?: string]

const deal = (name: string): string => pathOf('Deal', name)

/** A row of A1's document that says it is B1's. */
const stolenRow = async (stage: SiteStage): Promise<Values> => ({
  lines: [{ name: await rowOf(stage, 'B1'), title: 'mine', note: 'mine' }],
})

/** What would come to stand outside, and is not written. */
const OUTSIDE: readonly Outside[] = [
  ['an insert', send('POST', pathOf('Deal'), { title: 'B3', company: 'B' }), 403, 'row filter', 'create Deal'],
  ['an insert without what is filtered by', send('POST', pathOf('Deal'), { title: 'A3' }), 403, 'row filter', 'create Deal'],
  [
    'an insert by a method',
    post('frappe.client.insert', { doc: { doctype: 'Deal', title: 'B3', company: 'B' } }),
    403,
    'row filter',
    'create Deal',
  ],
  [
    'one insert of many',
    post('frappe.client.insert_many', {
      docs: [
        { doctype: 'Deal', title: 'A3', company: 'A' },
        { doctype: 'Deal', title: 'B3', company: 'B' },
      ],
    }),
    403,
    'row filter',
    'create Deal',
  ],
  ['an update', send('PUT', deal('A1'), { company: 'B' }), 403, 'row filter', 'update Deal'],
  ['an update to nothing', send('PUT', deal('A1'), { company: null }), 403, 'row filter', 'update Deal'],
  [
    'a value',
    post('frappe.client.set_value', { doctype: 'Deal', name: 'A1', fieldname: 'company', value: 'B' }),
    403,
    'row filter',
    'update Deal',
  ],
  ['an update by /api/v2', send('PATCH', '/api/v2/document/Deal/A1', { company: 'B' }), 403, 'row filter', 'update Deal'],
  [
    'a task that moves',
    async (api, stage) => api.send('PUT', pathOf('ToDo', await taskOf(stage, 'A1')), { reference_name: 'B1' }),
    417,
    'Could not find',
  ],
  [
    'a file that moves',
    async (api, stage) =>
      api.send('PUT', pathOf('File', (await fileOf(stage, 'A1')).name), { attached_to_doctype: 'Deal', attached_to_name: 'B1' }),
    404,
    'Deal B1',
  ],
  [
    'a file for a document yet to be made',
    send('POST', pathOf('File'), { file_name: 'x.txt', content: 'x', attached_to_doctype: 'Deal', attached_to_name: 'New' }),
    403,
    'row filter',
    'create File',
  ],
  [
    'a merge into one',
    post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'A2', new_name: 'B1', merge: 1 }),
    417,
    'to merge A2 into',
  ],
  ['a link to one', send('POST', pathOf('Visit'), { title: 'New', deal: 'B1' }), 417, 'Could not find'],
  ['a changed link to one', send('PUT', pathOf('Visit', 'To A'), { deal: 'B2' }), 417, 'Could not find'],
  ['a link to one by any field', send('PUT', pathOf('Visit', 'To A'), { any_type: 'Deal', any: 'B2' }), 417, 'Could not find'],
  ['a link to a buyer', send('PUT', deal('A1'), { buyer: 'Buyer B' }), 417, 'Could not find'],
  ['an amendment of one', send('POST', pathOf('Deal'), { title: 'x', company: 'A', amended_from: 'B1' }), 417, 'is not cancelled'],
  // Firms are not filtered, but deals are by them: one that took A's name would bring its deals along.
  [
    'another name for what is filtered by',
    post('frappe.client.rename_doc', { doctype: 'Firm', old_name: 'A', new_name: 'Z' }),
    403,
    'row filter',
    'rename Firm',
  ],
  [
    'a merge of what is filtered by',
    post('frappe.client.rename_doc', { doctype: 'Firm', old_name: 'B', new_name: 'A', merge: 1 }),
    403,
    'row filter',
    'rename Firm',
  ],
  ['another place in its tree', send('PUT', pathOf('Firm', 'B'), { parent_firm: 'A' }), 403, 'row filter', 'update Firm'],
  [
    'a key without filters',
    post('frappe.core.doctype.user.user.generate_keys', { user: ALICE }),
    403,
    'row filters',
    'frappe.core.doctype.user.user.generate_keys',
  ],
  [
    'an update of many with one',
    post('frappe.client.bulk_update', { docs: [{ doctype: 'Deal', docname: 'B1', amount: 1 }] }),
    200,
    'failed_docs',
  ],
  [
    'a row that goes by the name of another',
    async (api, stage) => api.send('PUT', deal('A1'), await stolenRow(stage)),
    417,
    'this document has no row',
  ],
  ['an insert by /api/v2', send('POST', '/api/v2/document/Deal', { title: 'B3', company: 'B' }), 403, 'row filter', 'create Deal'],
  [
    'a document that is saved there',
    post('frappe.client.save', { doc: { doctype: 'Deal', title: 'B3', company: 'B' } }),
    403,
    'row filter',
    'create Deal',
  ],
]

const outside: readonly SiteRow[] = OUTSIDE.map(([what, act, status, sentence, tried]) => ({
  row: 'F09',
  about: `${what} writes nothing outside`,
  client: HELD,
  attack: async (stage) => {
    const api = await heldToken(stage)
    return async () => seen(await act(api, stage))
  },
  answer: (reply, stage) => {
    expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(sentence)])
    expect(reply.text).not.toContain(SECRET)
    isDiscreet(reply, stage)
  },
  trail: tried === undefined ? [] : [`permission refused: ${tried}`],
}))

/** What may be sent and is not heard: the row of A's document that is changed stays where it stands. */
const moved: SiteRow = {
  row: 'F09',
  about: 'a row that says it is of company B stays where it is',
  client: HELD,
  attack: async (stage) => {
    const [api, other] = [await heldToken(stage), await stage.on.read('Deal', 'B1')]
    const path = pathOf('Deal Line', await rowOf(stage, 'A1'))
    return async () => {
      const reply = seen(await api.send('PUT', path, { parent: 'B1', parenttype: 'Deal' }))
      expect(await stage.on.read('Deal', 'B1')).toEqual(other)
      return reply
    }
  },
  answer: ({ status, json }) => expect([status, json['data']]).toEqual([200, expect.objectContaining({ parent: 'A1' })]),
  changes: { tabDeal: ['modified', 'modified_by'] },
}

/** A comment says of which document it is once, and for good. */
const commented: SiteRow = {
  row: 'F09',
  about: 'a comment does not move to company B',
  client: HELD,
  attack: async (stage) => {
    const [api, path] = [await heldToken(stage), pathOf('Comment', await commentOf(stage, 'A1'))]
    return async () => seen(await api.send('PUT', path, { reference_name: 'B1' }))
  },
  answer: ({ status, json }) => expect([status, json['data']]).toEqual([200, expect.objectContaining({ reference_name: 'A1' })]),
  changes: { tabComment: ['modified'] },
}

export const outsideRows = [...outside, moved, commented]

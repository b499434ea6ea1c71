import { expect } from 'vitest'
import { isDiscreet } from '../../../../packages/site/src/oauth/testing/rows/answers-to-attacks.fixture.ts'
import { pathOf } from '../../../support/callers/api.ts'
import { get, post, send } from './acts.fixture.ts'
import { seen, type Act, type SiteRow } from './site-stage.fixture.ts'
import { ALICE, HELD, SECRET, commentOf, fileOf, heldToken, rowOf } from './walled.fixture.ts'

type Unreached = readonly [what: string, act: Act, status: number, tried?: string]

const deal = (name: string): string => pathOf('Deal', name)
/** Whatever stands there: a document that is not reached is not compared with. */
const NOW = '2026-01-01 00:00:00.000000'

/** Of a document of company B each of these is refused as if there were none, and changes nothing. */
const UNREACHED: readonly Unreached[] = [
  ['read', send('GET', deal('B1')), 404],
  ['read by a method', get('frappe.client.get', { doctype: 'Deal', name: 'B1' }), 404],
  ['read by /api/v2', send('GET', '/api/v2/document/Deal/B1'), 404],
  ['read with what stands beside it', get('frappe.desk.form.load.get_docinfo', { doctype: 'Deal', name: 'B1' }), 404],
  ['updated', send('PUT', deal('B1'), { amount: 1 }), 404],
  ['moved here', send('PUT', deal('B1'), { company: 'A' }), 404],
  ['saved as it came', post('frappe.client.save', { doc: { doctype: 'Deal', name: 'B1', title: 'B1', company: 'A', modified: NOW } }), 404],
  ['set a value of', post('frappe.client.set_value', { doctype: 'Deal', name: 'B1', fieldname: 'company', value: 'A' }), 404],
  ['removed', send('DELETE', deal('B1')), 404],
  ['removed by a method', post('frappe.client.delete', { doctype: 'Deal', name: 'B1' }), 404],
  ['submitted', post('frappe.client.submit', { doc: { doctype: 'Deal', name: 'B1', modified: NOW } }), 404],
  ['submitted by an update', send('PUT', deal('B1'), { docstatus: 1 }), 404],
  ['renamed', post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'B1', new_name: 'A7' }), 404],
  ['merged away', post('frappe.client.rename_doc', { doctype: 'Deal', old_name: 'B1', new_name: 'A1', merge: 1 }), 404],
  ['commented on', post('frappe.desk.form.utils.add_comment', { reference_doctype: 'Deal', reference_name: 'B1', content: 'x' }), 404],
  [
    'commented on by a document',
    send('POST', pathOf('Comment'), { comment_type: 'Comment', reference_doctype: 'Deal', reference_name: 'B1', content: 'x' }),
    404,
  ],
  ['assigned', post('frappe.desk.form.assign_to.add', { doctype: 'Deal', name: 'B1', assign_to: [ALICE] }), 404],
  [
    'assigned by a document',
    send('POST', pathOf('ToDo'), { description: 'x', reference_type: 'Deal', reference_name: 'B1', allocated_to: ALICE }),
    417,
  ],
  ['shared', post('frappe.share.add', { doctype: 'Deal', name: 'B1', user: ALICE, write: 1 }), 404],
  ['shared by a document', send('POST', pathOf('DocShare'), { share_doctype: 'Deal', share_name: 'B1', user: ALICE, read: 1 }), 417],
  ['asked for its shares', get('frappe.share.get_users', { doctype: 'Deal', name: 'B1' }), 404],
  ['liked', post('frappe.desk.like.toggle_like', { doctype: 'Deal', name: 'B1', add: 'Yes' }), 404],
  ['tagged', post('frappe.desk.doctype.tag.tag.add_tag', { dt: 'Deal', dn: 'B1', tag: 'x' }), 404],
  [
    'given a file',
    send('POST', pathOf('File'), { file_name: 'x.txt', content: 'x', attached_to_doctype: 'Deal', attached_to_name: 'B1' }),
    404,
  ],
  [
    'given a file by a method',
    post('frappe.client.attach_file', { doctype: 'Deal', docname: 'B1', filename: 'x.txt', filedata: 'x' }),
    404,
  ],
  ['asked for rights on it', get('frappe.client.get_doc_permissions', { doctype: 'Deal', docname: 'B1' }), 404],
  ['asked for one right on it', get('frappe.client.has_permission', { doctype: 'Deal', docname: 'B1' }), 404],
  ['a row of it read', async (api, stage) => api.send('GET', pathOf('Deal Line', await rowOf(stage, 'B1'))), 404],
  ['a row of it changed', async (api, stage) => api.send('PUT', pathOf('Deal Line', await rowOf(stage, 'B1')), { note: 'x' }), 404],
  ['a row of it removed', async (api, stage) => api.send('DELETE', pathOf('Deal Line', await rowOf(stage, 'B1'))), 404],
  ['given a row', send('POST', pathOf('Deal Line'), { title: 'x', parent: 'B1', parenttype: 'Deal', parentfield: 'lines' }), 404],
  ['its file’s document read', async (api, stage) => api.send('GET', pathOf('File', (await fileOf(stage, 'B1')).name)), 404],
  ['its file fetched', async (api, stage) => api.send('GET', (await fileOf(stage, 'B1')).url), 403, 'annex.files.read'],
  [
    'its file fetched by a method',
    async (api, stage) => api.get('download_file', { file_url: (await fileOf(stage, 'B1')).url }),
    403,
    'download_file',
  ],
  [
    'its file moved to another',
    async (api, stage) =>
      api.send('PUT', pathOf('File', (await fileOf(stage, 'B1')).name), { attached_to_doctype: 'Deal', attached_to_name: 'A1' }),
    404,
  ],
  [
    'its file taken off',
    async (api, stage) => api.post('frappe.desk.form.utils.remove_attach', { fid: (await fileOf(stage, 'B1')).name }),
    404,
  ],
  [
    'its comment changed',
    async (api, stage) => api.post('frappe.desk.form.utils.update_comment', { name: await commentOf(stage, 'B1'), content: 'x' }),
    404,
  ],
  ['its comment removed', async (api, stage) => api.send('DELETE', pathOf('Comment', await commentOf(stage, 'B1'))), 404],
  ['a buyer behind a link read', send('GET', pathOf('Buyer', 'Buyer B')), 404],
  ['changed by /api/v2', send('PATCH', '/api/v2/document/Deal/B1', { amount: 1 }), 404],
  ['removed by /api/v2', send('DELETE', '/api/v2/document/Deal/B1'), 404],
  ['read by a command', send('GET', '/?cmd=frappe.client.get&doctype=Deal&name=B1'), 404],
  ['found by filters that name it', get('frappe.client.get', { doctype: 'Deal', filters: { company: 'B' } }), 404],
  ['cancelled', post('frappe.client.cancel', { doctype: 'Deal', name: 'B1' }), 404],
]

const unreached: readonly SiteRow[] = UNREACHED.map(([what, act, status, tried]) => ({
  row: 'F09',
  about: `a document of company B that is ${what} is as one that is not there`,
  client: HELD,
  attack: async (stage) => {
    const api = await heldToken(stage)
    return async () => seen(await act(api, stage))
  },
  answer: (reply, stage) => {
    expect([reply.status, reply.text]).toEqual([status, expect.not.stringContaining(SECRET)])
    isDiscreet(reply, stage)
  },
  trail: tried === undefined ? [] : [`permission refused: ${tried}`],
}))

/** What tells nothing of company B's by its words. */
const words: readonly SiteRow[] = [
  {
    row: 'F09',
    about: 'the words for a document of company B are those for none',
    client: HELD,
    attack: async (stage) => {
      const api = await heldToken(stage)
      return async () => [seen(await api.send('GET', deal('B1'))), seen(await api.send('GET', deal('C1')))]
    },
    answer: ({ status }) => expect(status).toBe(404),
    holds: async (_stage, [of, none]) => expect(of?.text.replaceAll('B1', 'NAME')).toBe(none?.text.replaceAll('C1', 'NAME')),
  },
  {
    row: 'F09',
    about: 'which document of company B keeps another from being removed is not told',
    client: HELD,
    attack: async (stage) => {
      const api = await heldToken(stage)
      return async () => seen(await api.send('DELETE', pathOf('Firm', 'B')))
    },
    answer: ({ status, text }) => {
      expect([status, text]).toEqual([417, expect.stringMatching(/another (Buyer|Deal) links to it/)])
      expect(text).not.toMatch(/Buyer B|B1|B2/)
    },
  },
  {
    row: 'F09',
    about: 'a link that stood before stays, and shows nothing of what it leads to',
    client: HELD,
    attack: async (stage) => {
      const api = await heldToken(stage)
      await stage.on.update('Deal', 'B1', { secret: `${SECRET} again` })
      return async () => seen(await api.send('PUT', pathOf('Visit', 'To B'), { any_type: 'Deal' }))
    },
    answer: ({ status, text }) => expect([status, text]).toEqual([200, expect.not.stringContaining('again')]),
    changes: { tabVisit: ['any_type', 'modified', 'modified_by'] },
  },
]

export const unreachedRows = [...unreached, ...words]

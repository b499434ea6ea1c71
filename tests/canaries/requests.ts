import type { Api } from '../support/callers/api.ts'
import { played, readRecording, type Json } from '../contract/recording.ts'

/** One request to be made by every caller. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly values?: Readonly<Record<string, unknown>>
}

const DOCUMENTS: readonly (readonly [doctype: string, names: readonly string[]])[] = [
  ['Deal', ['A1', 'B1']],
  ['Buyer', ['Buyer A', 'Buyer B']],
  ['Visit', ['To A', 'To B']],
  ['Vault', ['V1']],
  ['User', ['hidden@example.com']],
]
const HIDDEN = ['Deal', ['B1']] as const
/** Lists of these are asked for, too. */
const LISTED = [
  ...DOCUMENTS.map(([doctype]) => doctype),
  'Deal Line',
  'Comment',
  'Version',
  'File',
  'ToDo',
  'DocShare',
  'Deleted Document',
  'OAuth Client',
  'DocType',
]
const ALL_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']
export const isWriting = ({ method }: Asked): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method)

/** Every route of the site's own API document, everything that was recorded of Frappe, and what is told in roundabout ways. */
export async function requestsFor(admin: Api, files: readonly string[]): Promise<Asked[]> {
  const all = [...(await fromDocument(admin)), ...(await fromRecordings()), ...roundabout(), ...files.flatMap(ofFile)]
  return [...new Map(all.map((asked) => [JSON.stringify(asked), asked])).values()]
}

type Paths = Readonly<Record<string, Readonly<Record<string, unknown>>>>

async function fromDocument(admin: Api): Promise<Asked[]> {
  const names = DOCUMENTS.map(([doctype]) => doctype).join(',')
  const answers = [await admin.send('GET', '/api/openapi.json'), await admin.send('GET', `/api/openapi.json?doctypes=${names}`)]
  const paths = Object.assign({}, ...answers.map(({ body }) => body['paths'])) as Paths
  return Object.entries(paths)
    .filter(([path]) => !path.includes('logout'))
    .flatMap(([path, known]) => ALL_METHODS.flatMap((method) => asking(method, path, method.toLowerCase() in known)))
}

/** A way that a path is known to be asked is tried with every document; any other, with one that is hidden. */
function asking(method: string, path: string, isKnown: boolean): Asked[] {
  const documents = isKnown ? DOCUMENTS : [HIDDEN]
  const sends = ['POST', 'PUT', 'PATCH'].includes(method)
  if (path.includes('{')) return filled(path, documents).map((one) => ({ method, path: one, ...(sends ? { values: { title: 'x' } } : {}) }))
  if (!path.startsWith('/api/method/')) return [{ method, path, ...(sends ? { values: {} } : {}) }]
  const values = documents.flatMap(([doctype, names]) => names.map((name) => argumentsFor(doctype, name)))
  return values.map((each) => (sends ? { method, path, values: each } : { method, path: `${path}?${queryOf(each)}` }))
}

/** The path with each document in place of its parameters; of a DocType that is named in it, with its own. */
function filled(path: string, documents: typeof DOCUMENTS): string[] {
  const own = documents.filter(([doctype]) => path.includes(`/${encodeURIComponent(doctype)}/`))
  const isOpen = /\{[^}]*doctype[^}]*\}/i.test(path)
  return (own.length > 0 ? own : isOpen ? documents : [HIDDEN]).flatMap(([doctype, names]) =>
    names.map((name) =>
      path.replaceAll(/\{([^}]*)\}/g, (_, parameter: string) => encodeURIComponent(/doctype/i.test(parameter) ? doctype : name)),
    ),
  )
}

/** Every name under which some method takes a DocType, a name, or what else it needs. */
const argumentsFor = (doctype: string, name: string): Record<string, unknown> => ({
  doctype,
  dt: doctype,
  docname: name,
  dn: name,
  name,
  old_name: name,
  new_name: name,
  old: name,
  new: name,
  reference_doctype: doctype,
  reference_name: name,
  doc: { doctype, name, title: name, modified: '2026-01-01 00:00:00' },
  docs: [{ doctype, name, docname: name, title: name }],
  filters: { name },
  fieldname: ['name', 'title', 'secret', 'nick', 'note', 'hidden', 'first_name'],
  fields: ['*'],
  value: 'x',
  txt: '',
  tag: 'x',
  tags: ['x'],
  method: 'add_comment',
  content: 'x',
  assign_to: [],
  user: 'lead@example.com',
  action: 'Save',
  page_length: 50,
})

const queryOf = (values: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ).toString()

/** Names in the recordings, and what stands for them here. */
const STAND_INS: readonly (readonly [recorded: RegExp, here: string])[] = [
  [/Stock(?: |%20)Item/g, 'Deal'],
  [/\bClient\b(?!\.)/g, 'Buyer'],
  [/\bQuote\b/g, 'Deal'],
  [/ITEM-\d+/g, 'B1'],
  [/\b(?:Acme|Bluth|Clark|Dunder)\b/g, 'Buyer B'],
  [/\$\{[a-z]\d*\}/g, 'B1'],
  [/item_name|item_group|item_code|region/g, 'secret'],
]
const standIn = (text: string): string => STAND_INS.reduce((known, [recorded, here]) => known.replaceAll(recorded, here), text)

async function fromRecordings(): Promise<Asked[]> {
  const steps = (await Promise.all(played.map((name) => readRecording(name)))).flatMap((recording) => recording.steps)
  return steps.flatMap(({ request }) => {
    if (!request || /log(?:in|out)|oauth2|User/.test(request.path)) return []
    const query = request.query ? `?${queryOf(JSON.parse(standIn(JSON.stringify(request.query))) as Record<string, Json>)}` : ''
    const body = request.json ?? request.form
    const values = body === undefined ? {} : { values: JSON.parse(standIn(JSON.stringify(body))) as Record<string, Json> }
    return [
      { method: request.method ?? 'GET', path: standIn(request.path).replaceAll(' ', '%20') + query, ...(request.method ? values : {}) },
    ]
  })
}

const get = (path: string, query: Readonly<Record<string, unknown>>): Asked => ({ method: 'GET', path: `${path}?${queryOf(query)}` })

/** Lists by what is hidden, through links and rows, grouped and counted; searches; what a form loads. */
function roundabout(): Asked[] {
  const lists = LISTED.flatMap((doctype) => {
    const path = `/api/resource/${encodeURIComponent(doctype)}`
    const whole = { fields: ['*'], limit_page_length: 0 }
    return [
      get(path, whole),
      get(path, { ...whole, parent: 'Deal' }),
      get(path, {
        ...whole,
        or_filters: [
          ['name', 'like', '%'],
          ['company', '=', 'B'],
        ],
      }),
      get(path, { fields: ['max(secret) as most', 'min(money) as least'] }),
      get(`/api/v2/document/${encodeURIComponent(doctype)}`, { fields: ['*'], limit: 100 }),
      get('/api/method/frappe.desk.reportview.get', { ...whole, doctype }),
      get('/api/method/frappe.client.get_list', { ...whole, doctype, parent: 'Deal' }),
      get('/api/method/frappe.desk.search.search_link', { doctype, txt: '', page_length: 50 }),
      get('/api/method/frappe.desk.search.search_link', { doctype, txt: '', searchfield: 'secret', page_length: 50 }),
      get('/api/method/frappe.desk.search.search_widget', { doctype, txt: '', filter_fields: ['secret', 'money'], page_length: 50 }),
      get('/api/method/frappe.desk.form.load.getdoctype', { doctype }),
    ]
  })
  const through = ['deal.secret', 'deal.money', 'deal.nick', '`tabDeal Line`.`note`', 'buyer.secret', 'lines.note', 'lines.money'].flatMap(
    (field) =>
      ['Visit', 'Deal'].flatMap((doctype) => {
        const path = `/api/resource/${doctype}`
        return [
          get(path, { fields: ['name', field] }),
          get(path, { fields: ['name', `${field} as other`], order_by: `${field} desc` }),
          get(path, { fields: [`max(${field}) as most`] }),
          get(path, { fields: [field], group_by: field, distinct: 1 }),
          get(path, { filters: [[field, 'like', 'cnry%']], fields: ['*'] }),
        ]
      }),
  )
  return [...lists, ...through]
}

const ofFile = (url: string): Asked[] => [
  { method: 'GET', path: url },
  { method: 'GET', path: `/api/method/download_file?${queryOf({ file_url: url })}` },
  { method: 'POST', path: '/api/method/upload_file', values: { file_url: url, is_private: 1 } },
]

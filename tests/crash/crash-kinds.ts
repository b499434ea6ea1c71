/** What is being written when the process is killed. */
export const kinds = ['documents', 'series', 'renames', 'doctypes'] as const
export type Kind = (typeof kinds)[number]

/** Links that a renamed document must take with it. */
export const TARGETS = 6
export const LINES = 3

const permissions = [{ role: 'System Manager', read: 1, write: 1, create: 1, delete: 1 }]
const field = (fieldname: string, fieldtype: string, rest: object = {}): object => ({ fieldname, fieldtype, ...rest })

/** What the DocType of the kind `doctypes` looks like after so many changes: a field gained, retyped, lost, searched or not. */
export const shapeOf = (turn: number): object => ({
  description: String(turn),
  title_field: turn % 2 === 0 ? 't' : '',
  search_fields: turn % 2 === 0 ? '' : 'a',
  fields: [
    field('t', 'Data', { search_index: turn % 3 === 0 ? 1 : 0 }),
    field('a', ['Data', 'Int', 'Float', 'Small Text'][turn % 4] ?? 'Data', { search_index: turn % 4 === 1 ? 1 : 0 }),
    ...(turn % 3 === 0 ? [] : [field('b', 'Data', { default: 'begun' })]),
    field(`new_${Math.floor(turn / 10)}`, 'Int'),
  ],
})

export const definitions: readonly Readonly<Record<string, unknown>>[] = [
  { name: 'Crash Line', istable: 1, fields: [field('mark', 'Int'), field('target', 'Data')] },
  {
    name: 'Crash Doc',
    autoname: 'prompt',
    track_changes: 1,
    title_field: 'title',
    fields: [field('title', 'Data'), field('mark', 'Int'), field('lines', 'Table', { options: 'Crash Line' })],
    permissions,
  },
  { name: 'Crash Series', autoname: 'CS-.#####', fields: [field('run', 'Data')], permissions },
  { name: 'Crash Target', autoname: 'prompt', allow_rename: 1, fields: [field('number', 'Int')], permissions },
  { name: 'Crash Link Line', istable: 1, fields: [field('number', 'Int'), field('target', 'Link', { options: 'Crash Target' })] },
  {
    name: 'Crash Link',
    autoname: 'prompt',
    fields: [field('target', 'Link', { options: 'Crash Target' }), field('lines', 'Table', { options: 'Crash Link Line' })],
    permissions,
  },
  { name: 'Crash Shape', autoname: 'prompt', permissions, ...shapeOf(0) },
]

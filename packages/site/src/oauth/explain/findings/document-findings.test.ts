import { RIGHTS, type Right } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import { Browser, connect, person, register, type App } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import type { Check, Question } from './findings.ts'
import { NO_RIGHTS } from '../rights.fixture.ts'

const NOTHING = { ...NO_RIGHTS, read: 0, select: 0 }
const data = (fieldname: string, more: object = {}): object => ({ fieldname, fieldtype: 'Data', label: fieldname, ...more })
const doctype = (name: string, more: Record<string, unknown>): Record<string, unknown> => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'prompt',
  fields: [data('title')],
  permissions: [{ role: 'System Manager' }],
  ...more,
})
const LEAD = doctype('Lead', {
  fields: [
    data('title'),
    { fieldname: 'region', fieldtype: 'Link', label: 'Region', options: 'Region' },
    data('margin', { permlevel: 1 }),
    { fieldname: 'break', fieldtype: 'Section Break', label: 'x', permlevel: 2 },
    data('profit', { permlevel: 2 }),
    { fieldname: 'steps', fieldtype: 'Table', label: 'Steps', options: 'Step' },
  ],
  permissions: [
    { role: 'System Manager' },
    { role: 'Seller', ...NO_RIGHTS, write: 1, share: 1, create: 1 },
    { role: 'Seller', ...NOTHING, permlevel: 1, read: 1 },
    { role: 'Maker', ...NO_RIGHTS, delete: 1, if_owner: 1 },
    { role: 'Cleaner', ...NOTHING, delete: 1 },
  ],
})

const SHEET = doctype('Sheet', {
  is_submittable: 1,
  fields: [data('title'), data('wage', { permlevel: 1 })],
  permissions: [{ role: 'System Manager' }, { role: 'Printer', import: 1, submit: 1, cancel: 1, amend: 1 }],
})

/** Roles of the people, besides Desk User. */
const ROLES = {
  seller: ['Seller'],
  maker: ['Maker'],
  nobody: [],
  bound: ['Seller'],
  cleaner: ['Cleaner'],
  printer: ['Printer'],
  manager: ['System Manager'],
}

const CHECKS: ReadonlySet<Check> = new Set(['doctype', 'row filter', 'document', 'role', 'if owner', 'user permission', 'share', 'level'])
const HIDDEN = 'Give one of their roles a permission row of that level on Lead'
const WIDEN = 'A System Manager changes the row filters of the app; those that the user chose change with a new consent'

const RESTRICTIONS = [
  { allow: 'Region', for_value: 'North' },
  { allow: 'Region', for_value: 'Far', apply_to_all_doctypes: 0, applicable_for: 'Lead' },
  { allow: 'Lead', for_value: 'L-1', apply_to_all_doctypes: 0, applicable_for: 'Order' },
  { allow: 'Order', for_value: 'O-1' },
]

describe.each(engines)('the findings on permissions and filters, on %s', (engine) => {
  let provider: Provider
  let app: App
  let narrow: App
  const people = { seller: '', maker: '', nobody: '', bound: '', cleaner: '', printer: '', manager: '' }
  const insert = (name: string, ...documents: Record<string, unknown>[]): Promise<Record<string, unknown>[]> =>
    provider.documents.insert(ADMINISTRATOR, name, documents)

  beforeAll(async () => {
    provider = await openProvider(engine)
    await insert('Role', ...['Seller', 'Maker', 'Cleaner', 'Printer'].map((role_name) => ({ role_name, desk_access: 1 })))
    await insert('DocType', doctype('Region', {}), doctype('Step', { istable: 1, permissions: [] }))
    await insert('DocType', LEAD)
    await insert('DocType', doctype('Order', { is_submittable: 1, permissions: [{ role: 'System Manager' }, { role: 'Seller' }] }))
    await insert('DocType', doctype('Rules', { issingle: 1, permissions: [{ role: 'Seller', ...NO_RIGHTS }] }))
    await insert('DocType', doctype('Orphan', { permissions: [] }))
    await insert('DocType', SHEET)
    await insert('Region', { __newname: 'North' }, { __newname: 'South' }, { __newname: 'Far' })
    await insert('Order', { __newname: 'O-1' })
    await insert('Lead', { __newname: 'L-1', region: 'North', steps: [{ title: 'call' }] }, { __newname: 'L-2', region: 'South' })
    app = await register(provider)
    const scopes = 'Lead:read Lead:delete Order:read'
    narrow = await register(provider, { scopes, row_filters: '{"Lead": {"region": "North", "title": "x"}}' })
    for (const [name, roles] of Object.entries(ROLES)) {
      const user = await person(provider, { roles: ['Desk User', ...roles].map((role) => ({ role })) })
      people[name as keyof typeof people] = user
      const browser = await new Browser(provider).signIn(user)
      await connect(provider, browser, app)
      if (['seller', 'nobody', 'cleaner'].includes(name)) await connect(provider, browser, narrow, { scope: scopes })
    }
    await provider.documents.insert({ ...ADMINISTRATOR, user: people.maker }, 'Lead', [{ __newname: 'L-3' }])
    await insert('User Permission', ...RESTRICTIONS.map((values) => ({ user: people.bound, ...values })))
    await insert('DocShare', { user: people.nobody, share_doctype: 'Lead', share_name: 'L-2', read: 1 })
    await provider.generation.bump(provider.database.connection)
  })
  afterAll(() => provider.close())

  interface Asked extends Partial<Question> {
    readonly who: keyof typeof people
    readonly through?: 'narrow'
    readonly caller?: Principal
  }

  /** What is said of documents alone, a line for each finding. */
  async function said({ who, through, caller = ADMINISTRATOR, ...question }: Asked): Promise<string[]> {
    const user = people[who]
    const client = through === 'narrow' ? narrow : app
    const explanation = await provider.oauth.explain.app(caller, user, client.id, { right: 'read', doctype: 'Lead', ...question })
    if (explanation === 'not entitled') throw new Error('not entitled')
    return explanation.findings
      .filter(({ check }) => CHECKS.has(check))
      .map(({ check, outcome, sentence, remedy }) =>
        `${check} ${outcome}: ${sentence}${remedy === undefined ? '' : ` -> ${remedy}`}`.replaceAll(user, 'them'),
      )
  }

  // A row is named by what it holds: ROW stands for the name that it has.
  const cases: readonly (readonly [asked: Asked, lines: readonly string[]])[] = [
    [
      { who: 'seller' },
      ["role holds: Roles of them give 'read' on Lead: Seller", `level limits: These fields are not shown: profit (level 2) -> ${HIDDEN}`],
    ],
    [
      { who: 'seller', name: 'L-1' },
      [
        "role holds: Roles of them give 'read' on this document: Seller",
        `level limits: These fields are not shown: profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'seller', right: 'write' },
      [
        "role holds: Roles of them give 'write' on Lead: Seller",
        `level limits: These fields are not stored: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'seller', right: 'write', name: 'L-1' },
      [
        "role holds: Roles of them give 'write' on this document: Seller",
        `level limits: These fields are not stored: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'seller', right: 'delete', name: 'L-1' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest, Seller) gives 'delete' on Lead -> Give them one of these roles: System Manager, Cleaner",
      ],
    ],
    [
      { who: 'seller', right: 'delete' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest, Seller) gives 'delete' on Lead -> Give them one of these roles: System Manager, Cleaner",
      ],
    ],
    [
      { who: 'seller', right: 'create' },
      [
        "role holds: Roles of them give 'create' on Lead: Seller",
        `level limits: These fields are not stored: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [{ who: 'seller', right: 'select' }, ["role holds: Roles of them give 'select' on Lead: all of them"]],
    [
      { who: 'seller', right: 'submit' },
      ['role refuses: Documents of Lead are not submitted, so nobody can submit them -> Make the DocType submittable'],
    ],
    [
      { who: 'seller', right: 'cancel' },
      ['role refuses: Documents of Lead are not submitted, so nobody can cancel them -> Make the DocType submittable'],
    ],
    [
      { who: 'seller', right: 'amend' },
      ['role refuses: Documents of Lead are not submitted, so nobody can amend them -> Make the DocType submittable'],
    ],
    [
      { who: 'seller', right: 'submit', doctype: 'Order' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest, Seller) gives 'submit' on Order -> Give one of their roles 'submit' on Order",
      ],
    ],
    [
      { who: 'maker', right: 'submit', doctype: 'Order' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest, Maker) gives 'submit' on Order -> Give one of their roles 'submit' on Order",
      ],
    ],
    [
      { who: 'maker' },
      [
        "if owner limits: Roles give 'read' on documents of Lead that them made, and on no others -> Give them one of these roles: System Manager, Seller",
        `level limits: These fields are not shown: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'maker', name: 'L-1' },
      [
        "if owner refuses: Roles give 'read' on documents of Lead that them made; another user made this one -> Give them one of these roles: System Manager, Seller, or share the document with them",
      ],
    ],
    [
      { who: 'maker', name: 'L-3' },
      [
        "role holds: Roles of them give 'read' on this document: it is their own",
        `level limits: These fields are not shown: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [{ who: 'maker', right: 'delete', name: 'L-3' }, ["role holds: Roles of them give 'delete' on this document: it is their own"]],
    [
      { who: 'maker', right: 'delete', name: 'L-1' },
      [
        "if owner refuses: Roles give 'delete' on documents of Lead that them made; another user made this one -> Give them one of these roles: System Manager, Cleaner",
      ],
    ],
    [
      { who: 'nobody' },
      [
        "share limits: No role gives 'read' on Lead; shares do on single documents -> Give them one of these roles: System Manager, Seller",
        `level limits: These fields are not shown: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'nobody', name: 'L-1' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest) gives 'read' on Lead -> Give them one of these roles: System Manager, Seller",
      ],
    ],
    [
      { who: 'nobody', name: 'L-2' },
      [
        "share holds: The document is shared with them, with 'read'",
        `level limits: These fields are not shown: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'nobody', name: 'L-2', right: 'write' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest) gives 'write' on Lead -> Give them one of these roles: System Manager, Seller",
      ],
    ],
    [
      { who: 'nobody', right: 'export' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest) gives 'export' on Lead -> Give them one of these roles: System Manager",
      ],
    ],
    [
      { who: 'bound' },
      [
        "role holds: Roles of them give 'read' on Lead: Seller",
        'user permission limits: User permissions restrict them to: Region Far, North -> A System Manager changes the User Permissions',
        `level limits: These fields are not shown: profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'bound', name: 'L-1' },
      [
        "role holds: Roles of them give 'read' on this document: Seller",
        `level limits: These fields are not shown: profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'bound', name: 'L-2' },
      [
        'user permission refuses: A user permission restricts them to documents whose region is Far, North; this one has another -> A System Manager adds a User Permission for that value, or share the document with them',
      ],
    ],
    [
      { who: 'bound', right: 'write', name: 'L-2' },
      [
        'user permission refuses: A user permission restricts them to documents whose region is Far, North; this one has another -> A System Manager adds a User Permission for that value, or share the document with them',
      ],
    ],
    [
      { who: 'bound', right: 'create', name: 'L-2' },
      [
        'user permission refuses: A user permission restricts them to documents whose region is Far, North; this one has another -> A System Manager adds a User Permission for that value',
      ],
    ],
    [
      { who: 'bound', doctype: 'Order' },
      [
        "role holds: Roles of them give 'read' on Order: Seller",
        'user permission limits: User permissions restrict them to: Order O-1 -> A System Manager changes the User Permissions',
      ],
    ],
    [{ who: 'bound', doctype: 'Rules' }, ["role holds: Roles of them give 'read' on Rules: Seller"]],
    [{ who: 'seller', doctype: 'Rules', name: 'Rules' }, ["role holds: Roles of them give 'read' on this document: Seller"]],
    [{ who: 'seller', doctype: 'Rules', name: 'anything' }, ["role holds: Roles of them give 'read' on this document: Seller"]],
    [
      { who: 'seller', doctype: 'Orphan' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest, Seller) gives 'read' on Orphan -> Give one of their roles 'read' on Orphan",
      ],
    ],
    [{ who: 'seller', name: 'L-9' }, ['document refuses: There is no Lead L-9 -> Check the name; it counts capitals']],
    [{ who: 'seller', doctype: 'Order', name: 'O-9' }, ['document refuses: There is no Order O-9 -> Check the name; it counts capitals']],
    [
      { who: 'seller', through: 'narrow' },
      [
        "role holds: Roles of them give 'read' on Lead: Seller",
        `row filter limits: The app reaches only documents that its row filters let through: region = "North" and title = "x" -> ${WIDEN}`,
        `level limits: These fields are not shown: profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'seller', through: 'narrow', name: 'L-1' },
      [
        `row filter refuses: The document is outside of the row filters of the app: region = "North" and title = "x" -> ${WIDEN}`,
        "role holds: Roles of them give 'read' on this document: Seller",
      ],
    ],
    [{ who: 'seller', through: 'narrow', doctype: 'Order' }, ["role holds: Roles of them give 'read' on Order: Seller"]],
    [
      { who: 'nobody', through: 'narrow', name: 'L-1' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest) gives 'read' on Lead -> Give them one of these roles: System Manager, Seller",
      ],
    ],
    [
      { who: 'nobody', through: 'narrow', name: 'L-2' },
      [
        `row filter refuses: The document is outside of the row filters of the app: region = "North" and title = "x" -> ${WIDEN}`,
        "share holds: The document is shared with them, with 'read'",
      ],
    ],
    [
      { who: 'seller', doctype: 'Step', name: 'none' },
      ['document refuses: There is no such row of Step -> Name a row; it is judged with its document'],
    ],
    [{ who: 'seller', doctype: 'Step' }, ['document refuses: There is no such row of Step -> Name a row; it is judged with its document']],
    [
      { who: 'seller', doctype: 'Step', name: 'ROW', right: 'delete' },
      [
        "role holds: Roles of them give 'write' on this document: Seller",
        `level limits: These fields are not stored: margin (level 1), profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'seller', doctype: 'Step', name: 'ROW' },
      [
        "role holds: Roles of them give 'read' on this document: Seller",
        `level limits: These fields are not shown: profit (level 2) -> ${HIDDEN}`,
      ],
    ],
    [
      { who: 'seller', doctype: 'OAuth Bearer Token', name: 'x' },
      [
        "role refuses: None of the roles of them (All, Desk User, Guest, Seller) gives 'read' on OAuth Bearer Token -> Give them one of these roles: System Manager",
      ],
    ],
    [
      { who: 'seller', doctype: 'N'.repeat(150) },
      [
        `doctype refuses: This site has no DocType ${'N'.repeat(140)} -> Check its name; where documents live upstream, the upstream says what it refuses`,
      ],
    ],
  ]

  it.each(cases)('are said of %j', async (asked, lines) => {
    const { steps } = await provider.documents.read(ADMINISTRATOR, { doctype: 'Lead', name: 'L-1' })
    const row = String((steps as { name: string }[])[0]?.name)
    expect(await said(asked.name === 'ROW' ? { ...asked, name: row } : asked)).toEqual(lines)
  })

  const ofReading: Right[] = ['read', 'print', 'email', 'report', 'export']
  const ofWriting: Right[] = ['write', 'create', 'import', 'submit']
  it.each(RIGHTS)('name the fields that are left out where %s shows them or stores them', async (right) => {
    const act = ofReading.includes(right) ? 'shown' : ofWriting.includes(right) ? 'stored' : undefined
    const left = `level limits: These fields are not ${act}: wage (level 1) -> Give one of their roles a permission row of that level on Sheet`
    const [role, ...more] = await said({ who: 'printer', doctype: 'Sheet', right })
    expect(role).toMatch(new RegExp(`^role holds: Roles of them give '${right}' on Sheet: `))
    expect(more).toEqual(act === undefined ? [] : [left])
  })

  it('know that an account is its own user’s to read and to write, by whatever roles, and no other user’s', async () => {
    for (const right of ['read', 'write'] as const) {
      const [own] = await said({ who: 'seller', doctype: 'User', name: people.seller, right })
      expect(own).toBe(`role holds: Roles of them give '${right}' on this document: it is their own`)
      const [another] = await said({ who: 'seller', doctype: 'User', name: people.maker, right })
      expect(another).toMatch(/^role refuses: None of the roles of them/)
    }
    const [role] = await said({ who: 'manager', doctype: 'Role', name: 'Seller' })
    expect(role).toBe("role holds: Roles of them give 'read' on this document: System Manager")
  })

  it('tell nobody who may not read a document whether it meets the filters of the app', async () => {
    for (const name of ['L-1', 'L-2'])
      expect(await said({ who: 'cleaner', through: 'narrow', right: 'delete', name })).toEqual([
        "role holds: Roles of them give 'delete' on this document: Cleaner",
      ])
  })
})

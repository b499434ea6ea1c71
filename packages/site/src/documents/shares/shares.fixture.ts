import { address, row, type TestSite } from './permissions.fixture.ts'

const WORKING = ['read', 'write', 'create', 'delete', 'submit', 'share'] as const

/**
 * Jobs with steps, and visits that link to them. Ann works on jobs, Dora picks them, Max owns his own, Eve is System Manager
 * without a role on jobs; Ben and Cas have no role.
 */
export async function fillJobs({ rooms: { documents }, as }: TestSite): Promise<void> {
  const admin = await as('Administrator')
  const insert = (doctype: string, ...values: Record<string, unknown>[]): Promise<unknown> => documents.insert(admin, doctype, values)
  await insert('Role', { role_name: 'Worker' }, { role_name: 'Picker' }, { role_name: 'Author' })
  const doctype = (name: string, values: Record<string, unknown>): Promise<unknown> =>
    insert('DocType', { name, module: 'Custom', custom: 1, ...values })
  await doctype('Client', { autoname: 'prompt', fields: [{ fieldname: 'note', fieldtype: 'Data' }], permissions: [row('All', ['read'])] })
  await doctype('Job Step', {
    istable: 1,
    fields: [
      { fieldname: 'text', fieldtype: 'Data' },
      { fieldname: 'price', fieldtype: 'Currency', permlevel: 1 },
    ],
  })
  await doctype('Job', {
    autoname: 'prompt',
    is_submittable: 1,
    allow_rename: 1,
    title_field: 'subject',
    fields: [
      { fieldname: 'subject', fieldtype: 'Data' },
      { fieldname: 'cost', fieldtype: 'Currency', permlevel: 1 },
      { fieldname: 'client', fieldtype: 'Link', options: 'Client' },
      { fieldname: 'steps', fieldtype: 'Table', options: 'Job Step' },
      { fieldname: 'amended_from', fieldtype: 'Link', options: 'Job' },
    ],
    permissions: [
      row('Worker', WORKING),
      row('Worker', ['read', 'write'], { permlevel: 1 }),
      row('Author', ['read', 'write', 'create'], { if_owner: 1 }),
      row('Picker', ['select']),
    ],
  })
  await doctype('Visit', {
    autoname: 'prompt',
    fields: [{ fieldname: 'job', fieldtype: 'Link', options: 'Job' }],
    permissions: [row('All', ['read', 'write', 'create', 'delete', 'share'])],
  })
  const users: Record<string, string[]> = {
    ann: ['Worker'],
    ben: [],
    cas: [],
    dora: ['Picker'],
    max: ['Author'],
    eve: ['System Manager'],
  }
  for (const [name, roles] of Object.entries(users))
    await insert('User', { email: address(name), first_name: name, roles: roles.map((role) => ({ role })) })
  await insert('Client', { name: 'Acme' }, { name: 'Bluth' })
  for (const name of ['J1', 'J2', 'J3'])
    await insert('Job', {
      name,
      subject: `about ${name}`,
      cost: 5,
      client: name === 'J1' ? 'Acme' : 'Bluth',
      steps: [{ text: `of ${name}`, price: 2 }],
    })
  await insert('Visit', { name: 'V1', job: 'J1' }, { name: 'V2', job: 'J2' })
}

import { FrappeApp } from 'frappe-js-sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { connect, registerApp } from '../support/callers/connected-app.ts'
import { engines } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { Visitor } from '../support/callers/visitor.ts'

const ALICE = { email: 'alice@example.com', first_name: 'Alice', new_password: 'Corr3ct-horse-alice' }

const VISIT = {
  name: 'Visit',
  module: 'Trading',
  custom: 1,
  autoname: 'hash',
  allow_rename: 1,
  fields: [
    { fieldname: 'subject', fieldtype: 'Data', label: 'Subject', reqd: 1 },
    { fieldname: 'day', fieldtype: 'Date', label: 'Day' },
    { fieldname: 'worth', fieldtype: 'Currency', label: 'Worth' },
  ],
  permissions: [{ role: 'All' }],
}
const TRIP = {
  name: 'Trip',
  module: 'Trading',
  custom: 1,
  autoname: 'hash',
  is_submittable: 1,
  fields: [
    { fieldname: 'goal', fieldtype: 'Data', label: 'Goal', reqd: 1 },
    { fieldname: 'ticket', fieldtype: 'Attach', label: 'Ticket' },
  ],
  permissions: [{ role: 'All', submit: 1, cancel: 1 }],
}
const OFFICE = {
  name: 'Office',
  module: 'Trading',
  custom: 1,
  issingle: 1,
  fields: [
    { fieldname: 'city', fieldtype: 'Data', label: 'City' },
    { fieldname: 'desks', fieldtype: 'Int', label: 'Desks' },
  ],
  permissions: [{ role: 'All' }],
}
const SECRET = {
  name: 'Ledger',
  module: 'Trading',
  custom: 1,
  autoname: 'hash',
  fields: [{ fieldname: 'entry', fieldtype: 'Data', label: 'Entry' }],
  permissions: [{ role: 'System Manager' }],
}

interface Visit {
  readonly name: string
  readonly subject: string
  readonly day: string
  readonly worth: number
  readonly owner: string
}

const ways = ['Bearer', 'token', 'cookies'] as const

describe.each(engines)('frappe-js-sdk, unchanged, on %s', (engine) => {
  let site: RunningSite
  const apps = new Map<(typeof ways)[number], FrappeApp>()
  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', ALICE)
    for (const doctype of [VISIT, TRIP, OFFICE, SECRET]) await admin.insert('DocType', doctype)
    const app = await registerApp(admin, { scopes: 'openid all' })
    const { access } = await connect(await new Visitor(site.url).signIn(ALICE.email, ALICE.new_password), app, 'all')
    apps.set('Bearer', new FrappeApp(site.url, { useToken: true, token: () => access, type: 'Bearer' }))
    const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: ALICE.email })
    const keys = body['message'] as { api_key: string; api_secret: string }
    apps.set('token', new FrappeApp(site.url, { useToken: true, token: () => `${keys.api_key}:${keys.api_secret}`, type: 'token' }))
    apps.set('cookies', await signedIn(site.url))
  })
  afterAll(() => site.close())

  describe.each(ways)('with %s', (way) => {
    const db = () => apps.get(way)!.db()

    it('creates, reads, changes, lists, counts and deletes documents', async () => {
      const made = await db().createDoc<Omit<Visit, 'name' | 'owner'>>('Visit', { subject: `First ${way}`, day: '2026-03-01', worth: 12.5 })
      expect(made).toMatchObject({
        doctype: 'Visit',
        subject: `First ${way}`,
        day: '2026-03-01',
        worth: 12.5,
        owner: ALICE.email,
        docstatus: 0,
      })
      expect(await db().getDoc<Visit>('Visit', made.name)).toEqual(made)

      const changed = await db().updateDoc<Visit>('Visit', made.name, { worth: 13 })
      expect(changed).toMatchObject({ name: made.name, subject: `First ${way}`, worth: 13 })
      expect(changed.modified > made.modified).toBe(true)

      const second = await db().createDoc('Visit', { subject: `Second ${way}`, worth: 1 })
      const filters: [keyof Visit, 'like', string][] = [['subject', 'like', `%${way}`]]
      const list = await db().getDocList<Visit>('Visit', { fields: ['name', 'worth'], filters, orderBy: { field: 'worth', order: 'desc' } })
      expect(list).toEqual([
        { name: made.name, worth: 13 },
        { name: second.name, worth: 1 },
      ])
      expect(
        await db().getDocList<Visit>('Visit', {
          fields: ['name'],
          filters,
          limit: 1,
          limit_start: 1,
          orderBy: { field: 'worth', order: 'desc' },
        }),
      ).toEqual([{ name: second.name }])
      expect(await db().getCount<Visit>('Visit', filters)).toBe(2)
      expect(await db().getLastDoc<Visit>('Visit', { filters })).toMatchObject({ name: second.name, subject: `Second ${way}` })

      for (const { name } of [made, second]) expect(await db().deleteDoc('Visit', name)).toMatchObject({ data: 'ok' })
      expect(await db().getCount<Visit>('Visit', filters)).toBe(0)
      expect(await db().getLastDoc<Visit>('Visit', { filters })).toEqual({})
    })

    it('takes a list as rows of values, in pages, by several filters', async () => {
      const names: string[] = []
      for (const subject of ['a', 'b', 'c'])
        names.push((await db().createDoc('Visit', { subject: `${subject} of ${way}`, day: `2026-04-0${names.length + 1}` })).name)
      const rows = await db().getDocList<unknown[], Visit>('Visit', {
        fields: ['subject', 'day'],
        filters: [
          ['day', '>=', '2026-04-02'],
          ['subject', 'like', `%of ${way}`],
        ],
        orFilters: [
          ['subject', '=', `b of ${way}`],
          ['subject', '=', `c of ${way}`],
        ],
        orderBy: { field: 'day', order: 'asc' },
        asDict: false,
      })
      expect(rows).toEqual([
        [`b of ${way}`, '2026-04-02'],
        [`c of ${way}`, '2026-04-03'],
      ])
      const grouped = await db().getDocList('Visit', {
        fields: ['day'],
        filters: [['name', 'in', names]],
        groupBy: 'day',
        orderBy: { field: 'day', order: 'asc' },
      })
      expect(grouped).toEqual([{ day: '2026-04-01' }, { day: '2026-04-02' }, { day: '2026-04-03' }])
    })

    it('says who it is, by the auth methods and by a call', async () => {
      expect(await apps.get(way)!.auth().getLoggedInUser()).toBe(ALICE.email)
      expect(await apps.get(way)!.call().get('frappe.auth.get_logged_user')).toEqual({ message: ALICE.email })
      const found = (await apps.get(way)!.call().get('frappe.desk.search.search_link', { doctype: 'Visit', txt: '', page_length: 1 })) as {
        message: unknown[]
      }
      expect(found.message.length).toBeLessThanOrEqual(1)
    })

    it('asks for and sets single values, of documents and of a Single', async () => {
      const { name } = await db().createDoc('Visit', { subject: `Value ${way}`, worth: 3 })
      expect(await db().getValue('Visit', 'worth', [['name', '=', name]])).toEqual({ message: { worth: 3 } })
      expect(await db().getValue('Visit', ['subject', 'worth'], [['name', '=', name]])).toEqual({
        message: { subject: `Value ${way}`, worth: 3 },
      })
      expect(await db().getValue('Visit', 'worth', [['name', '=', name]], false)).toEqual({ message: [3] })
      expect(await db().setValue('Visit', name, 'worth', 4)).toMatchObject({ message: { name, worth: 4 } })
      expect(await db().setValue('Visit', name, { worth: 5, day: '2026-05-01' })).toMatchObject({
        message: { worth: 5, day: '2026-05-01' },
      })
      await db().updateDoc('Office', 'Office', { city: `Town of ${way}`, desks: 7 })
      expect(await db().getSingleValue('Office', 'desks')).toEqual({ message: 7 })
      expect(await db().getSingleValue('Office', 'city')).toEqual({ message: `Town of ${way}` })
    })

    it('renames, submits and cancels', async () => {
      const { name } = await db().createDoc('Visit', { subject: 'To be renamed' })
      expect(await db().renameDoc('Visit', name, `Renamed by ${way}`)).toMatchObject({ message: `Renamed by ${way}` })
      expect(await db().getDoc('Visit', `Renamed by ${way}`)).toMatchObject({ subject: 'To be renamed' })
      const trip = await db().createDoc('Trip', { goal: 'Oslo' })
      expect(await db().submit(trip)).toMatchObject({ name: trip.name, docstatus: 1 })
      await expect(db().updateDoc('Trip', trip.name, { goal: 'Rome' })).rejects.toMatchObject({ exc_type: 'UpdateAfterSubmitError' })
      expect(await db().cancel('Trip', trip.name)).toMatchObject({ message: { name: trip.name, docstatus: 2 } })
      await expect(db().submit({ ...trip, docstatus: 0 })).rejects.toMatchObject({ httpStatus: 417 })
    })

    it('uploads a file, private and attached', async () => {
      const trip = await db().createDoc('Trip', { goal: 'Bern' })
      const file = new File([`ticket by ${way}`], `ticket ${way}.txt`, { type: 'text/plain' })
      const attached = { doctype: 'Trip', docname: trip.name, fieldname: 'ticket' }
      const { data } = await apps
        .get(way)!
        .file()
        .uploadFile(file, { isPrivate: true, folder: 'Home', ...attached })
      const sent = (data as { message: Readonly<Record<string, unknown>> }).message
      expect(sent).toMatchObject({
        file_name: `ticket ${way}.txt`,
        file_url: `/private/files/ticket ${way}.txt`,
        is_private: 1,
        attached_to_doctype: 'Trip',
        attached_to_name: trip.name,
        attached_to_field: 'ticket',
      })
      const read = await apps.get(way)!.axios.get<string>(encodeURI(String(sent['file_url'])))
      expect(read.data).toBe(`ticket by ${way}`)
      await db().deleteDoc('File', String(sent['name']))
      const gone = apps.get(way)!.axios.get(encodeURI(String(sent['file_url'])))
      await expect(gone).rejects.toMatchObject({ response: { status: 403 } })
    })

    it('calls methods by every HTTP method', async () => {
      const call = () => apps.get(way)!.call()
      const doc = { doctype: 'Visit', subject: `Called ${way}` }
      const made = (await call().post('frappe.client.insert', { doc })) as { message: Visit }
      expect(made.message).toMatchObject(doc)
      const id = { doctype: 'Visit', name: made.message.name }
      const changed = await call().put('frappe.client.set_value', { ...id, fieldname: 'worth', value: 9 })
      expect(changed).toMatchObject({ message: { worth: 9 } })
      const filters = { name: made.message.name }
      expect(await call().get('frappe.client.get_list', { doctype: 'Visit', fields: ['worth'], filters })).toEqual({
        message: [{ worth: 9 }],
      })
      expect(await call().delete('frappe.client.delete', id)).toEqual({})
      expect(await call().get('frappe.client.get_count', { doctype: 'Visit', filters })).toEqual({ message: 0 })
    })

    it.each([
      ['a document that is not there', (name: typeof way) => apps.get(name)!.db().getDoc('Visit', 'nowhere'), 404, 'DoesNotExistError'],
      ['a DocType that is not there', (name: typeof way) => apps.get(name)!.db().getDoc('No Such Thing', 'x'), 404, 'DoesNotExistError'],
      [
        'a field left out that is needed',
        (name: typeof way) => apps.get(name)!.db().createDoc('Visit', { worth: 1 }),
        417,
        'MandatoryError',
      ],
      [
        'a value that is no number',
        (name: typeof way) => apps.get(name)!.db().createDoc('Visit', { subject: 'x', worth: 'much' }),
        417,
        'ValidationError',
      ],
      ['documents that the user may not see', (name: typeof way) => apps.get(name)!.db().getDocList('Ledger'), 403, 'PermissionError'],
      ['deleting what is not there', (name: typeof way) => apps.get(name)!.db().deleteDoc('Visit', 'nowhere'), 404, 'DoesNotExistError'],
    ] as const)('throws what the package documents for %s', async (_what, act, httpStatus, excType) => {
      const error = (await act(way).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )) as Record<string, string>
      expect(error).toMatchObject({ httpStatus, exc_type: excType })
      expect(error['httpStatusText']).not.toBe('')
      expect(error['message']).not.toBe('')
      expect(error['exception']).toContain(excType)
      const messages = JSON.parse(error['_server_messages'] ?? '[]') as string[]
      expect(JSON.parse(messages[0] ?? '{}')).toMatchObject({ message: expect.stringMatching(/\w/) as string })
    })
  })

  it('is told 401 when its token is no good, and 0 when the site cannot be reached', async () => {
    const stranger = new FrappeApp(site.url, { useToken: true, token: () => 'rubbish', type: 'Bearer' })
    await expect(stranger.db().getDocList('Visit')).rejects.toMatchObject({ httpStatus: 401, exc_type: 'AuthenticationError' })
    const nowhere = new FrappeApp('http://127.0.0.1:1', { useToken: true, token: () => 'rubbish', type: 'Bearer' })
    await expect(nowhere.db().getDocList('Visit')).rejects.toMatchObject({ httpStatus: 0 })
  })

  it('is told that no mail is sent for a forgotten password, whoever asks for whom', async () => {
    for (const user of [ALICE.email, 'nobody@example.com'])
      await expect(new FrappeApp(site.url).auth().forgetPassword(user)).rejects.toMatchObject({
        httpStatus: 501,
        exc_type: 'OutgoingEmailError',
      })
  })

  it('signs in, is refused with a wrong password, and signs out', async () => {
    const app = new FrappeApp(site.url)
    await expect(app.auth().loginWithUsernamePassword({ username: ALICE.email, password: 'wrong' })).rejects.toMatchObject({
      httpStatus: 401,
      message: 'Invalid login credentials',
    })
    const other = await signedIn(site.url)
    expect(await other.auth().getLoggedInUser()).toBe(ALICE.email)
    await other.auth().logout()
    await expect(other.auth().getLoggedInUser()).rejects.toMatchObject({ httpStatus: 403 })
  })
})

/** The package keeps no cookies outside a browser: this is the browser's part. */
async function signedIn(base: string): Promise<FrappeApp> {
  const app = new FrappeApp(base)
  const cookies = new Map<string, string>()
  app.axios.interceptors.response.use((answer) => {
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    return answer
  })
  app.axios.interceptors.request.use((request) => {
    if (cookies.size > 0) request.headers.set('Cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    return request
  })
  expect(await app.auth().loginWithUsernamePassword({ username: ALICE.email, password: ALICE.new_password })).toMatchObject({
    message: 'Logged In',
    full_name: 'Alice',
  })
  return app
}

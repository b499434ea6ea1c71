import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, pathOf, type Reply } from '../../../support/callers/api.ts'
import { authorizationUrl, exchange, registerApp, tokensOf, type App } from '../../../support/callers/connected-app.ts'
import { Visitor } from '../../../support/callers/visitor.ts'
import { engines } from '../../../support/databases.ts'
import { startSite, type RunningSite } from '../../../support/site.ts'

const [BOB, PASSWORD] = ['bob@example.com', 'Corr3ct-horse-battery']
const SCOPE = 'Diary:read Diary:write Diary:delete Diary:share Comment:create DocShare:create Topic:delete Visit:create'
const OWN = { role: 'All', select: 1, read: 1, write: 1, create: 1, delete: 1, share: 1, if_owner: 1 }
const DIARY = {
  name: 'Diary',
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  allow_rename: 1,
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 },
    { fieldname: 'thought', fieldtype: 'Data', label: 'Thought' },
    { fieldname: 'topic', fieldtype: 'Link', label: 'Topic', options: 'Topic' },
  ],
  permissions: [OWN],
}

const TOPIC = { ...DIARY, name: 'Topic', fields: DIARY.fields.slice(0, 1) }
const VISIT = { ...DIARY, name: 'Visit', autoname: 'hash', fields: [{ fieldname: 'to', fieldtype: 'Link', label: 'To', options: 'Diary' }] }

type Act = (app: Api) => Promise<Reply>
const about = { reference_doctype: 'Diary', reference_name: 'Hers' }

/** Whatever goes to one document. */
const ACTS: readonly (readonly [what: string, act: Act])[] = [
  ['read', (app) => app.send('GET', pathOf('Diary', 'Hers'))],
  ['changed', (app) => app.send('PUT', pathOf('Diary', 'Hers'), { thought: 'mine' })],
  ['removed', (app) => app.send('DELETE', pathOf('Diary', 'Hers'))],
  ['renamed', (app) => app.post('frappe.client.rename_doc', { doctype: 'Diary', old_name: 'Hers', new_name: 'Mine' })],
  ['commented', (app) => app.post('frappe.desk.form.utils.add_comment', { ...about, content: 'x' })],
  ['shared', (app) => app.post('frappe.share.add', { doctype: 'Diary', name: 'Hers', user: BOB })],
  ['asked of', (app) => app.get('frappe.client.get_value', { doctype: 'Diary', filters: 'Hers', fieldname: 'thought' })],
  [
    'shared by a document',
    (app) => app.send('POST', pathOf('DocShare'), { share_doctype: 'Diary', share_name: 'Hers', user: BOB, read: 1 }),
  ],
  ['linked to', (app) => app.send('POST', pathOf('Visit'), { to: 'Hers' })],
  ['named', (app) => app.send('DELETE', pathOf('Topic', 'Bobs'))],
  ['judged', (app) => app.get('frappe.client.has_permission', { doctype: 'Diary', docname: 'Hers', perm_type: 'read' })],
]

describe.each(engines)('a document that a user may not read, on %s', (engine) => {
  let site: RunningSite
  /** Bob's, held to diaries that begin so. */
  let apps: readonly Api[]

  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('DocType', TOPIC)
    await admin.insert('DocType', DIARY)
    await admin.insert('DocType', VISIT)
    await admin.insert('User', { email: BOB, first_name: 'Bob', new_password: PASSWORD })
    await (await Api.signIn(site.url, BOB, PASSWORD)).insert('Topic', { title: 'Bobs' })
    await admin.insert('Diary', { title: 'Hers', thought: 'secret', topic: 'Bobs' })
    // Two apps, since of one the second consent would end the first.
    const both = [await registerApp(admin, { scopes: SCOPE }), await registerApp(admin, { scopes: SCOPE })] as const
    apps = [await connected(both[0], 's%'), await connected(both[1], 't%')]
  })
  afterAll(() => site.close())

  async function connected(app: App, thought: string): Promise<Api> {
    const visitor = await new Visitor(site.url).signIn(BOB, PASSWORD)
    const detail = { type: 'frappe_doctype', doctype: 'Diary', actions: ['read'], filters: [['thought', 'like', thought]] }
    const callback = await visitor.allow(
      authorizationUrl(app, SCOPE, { authorization_details: JSON.stringify([detail]), prompt: 'consent' }),
    )
    const reply = await exchange(site.url, app, callback.searchParams.get('code') ?? '')
    return Api.byToken(site.url, tokensOf(reply).access)
  }

  it.each(ACTS)('is %s alike, whether it meets filters of the user’s own making or not', async (_, act) => {
    const answers: unknown[] = []
    for (const app of apps) {
      const { status, text } = await act(app)
      answers.push([status, text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '')])
    }
    expect(answers[0]).toEqual(answers[1])
    expect(JSON.stringify(answers)).not.toContain('secret')
  })
})

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { SETTING_FIELDS } from '../../../pages/apps/settings-fields.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { SETTINGS } from '../../settings.ts'
import { Browser, person, type Reply } from '../../testing/app.fixture.ts'
import { csrfOf, fieldsOf } from '../../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const PATH = '/connected-apps/settings'

it('the page of the settings has a control for every field of their DocType', async () => {
  const file = new URL('../../../doctypes/core/oauth/oauth-settings.json', import.meta.url)
  const { fields } = JSON.parse(await readFile(file, 'utf8')) as { fields: { fieldname: string }[] }
  const sorted = (names: readonly string[]): string[] => names.toSorted((a, b) => (a < b ? -1 : 1))
  expect(sorted(SETTING_FIELDS.map(({ name }) => name))).toEqual(sorted(fields.map(({ fieldname }) => fieldname)))
})

describe.each(engines)('the page of the OAuth Settings, on %s', (engine) => {
  let provider: Provider
  let sam: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }] }))
  })
  afterAll(() => provider.close())

  const stored = (): Promise<Record<string, unknown>> => provider.documents.read(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS })
  const form = async (): Promise<Record<string, string>> => fieldsOf(await sam.get(PATH), PATH)
  const save = (fields: Record<string, string>): Promise<Reply> => sam.post(PATH, fields)
  const changes = async (): Promise<string[]> => {
    const tables = provider.database.connection.withTables<{ audit: { event: string; detail: string | null } }>()
    const rows = await tables.selectFrom('audit').select('detail').where('event', '=', 'oauth.settings.changed').execute()
    return rows.map(({ detail }) => String(detail))
  }

  // In order: the first of these is about settings that nobody has saved yet.
  it('shows defaults, and of two first saves refuses the second', async () => {
    expect((await sam.get('/connected-apps')).text).toContain(`href="${PATH}"`)
    const [mine, theirs] = [await form(), await form()]
    expect(mine).toMatchObject({ modified: '', api_access: 'On', dynamic_registration: 'Off', audit_days: '730', requests_per_second: '0' })
    const saved = await save({ ...mine, secret_age_days: '100' })
    expect([saved.status, saved.location?.pathname]).toEqual([303, PATH])
    expect((await sam.get(PATH + (saved.location?.search ?? ''))).text).toContain('Saved.')
    const late = await save({ ...theirs, secret_age_days: '200' })
    expect([late.status, late.text.includes('Somebody else changed the settings')]).toEqual([417, true])
    expect(await stored()).toMatchObject({ secret_age_days: 100 })
  })

  it('saves what was typed, in force at once, with the fields that changed in the trail', async () => {
    const before = (await changes()).length
    const sets = '{"sales": {"title": "Sales", "scopes": ["Item:read"]}}'
    const fields = await form()
    expect((await save({ ...fields, requests_per_second: '500', scope_sets: sets, dynamic_registration: 'Open' })).status).toBe(303)
    await provider.generation.observe(await provider.generation.read())
    expect(await provider.settings.read()).toMatchObject({ requestsPerSecond: 500, dynamicRegistration: 'Open', secretAgeDays: 100 })
    const page = await sam.get(PATH)
    expect(fieldsOf(page, PATH)).toMatchObject({ requests_per_second: '500', scope_sets: sets, dynamic_registration: 'Open' })
    expect(page.text).toMatch(/set:sales, shown as Sales[^]*Read Item/)
    const [last = '', ...more] = (await changes()).slice(before)
    expect(more).toEqual([])
    expect(JSON.parse(last)).toEqual({ requests_per_second: 500, scope_sets: sets, dynamic_registration: 'Open' })
  })

  it('is judged as the document is, and keeps what was typed', async () => {
    const fields = await form()
    for (const [wrong, sentence] of [
      [{ audit_days: '40000' }, 'Audit Days must be 0 to 36500'],
      [{ registration_scopes: 'Ghost:read' }, 'DocType Ghost'],
      [{ scope_sets: '{"a":' }, 'not valid JSON'],
      [{ audit_days: '' }, 'The trail is kept for: type a whole number'],
      [{ requests_per_second: '-1' }, 'Requests a second: type a whole number'],
      [{ api_access: 'Perhaps' }, 'API Access'],
    ] as const) {
      const refused = await save({ ...fields, secret_age_days: '99', ...wrong })
      expect([refused.status, refused.text.includes(sentence)], JSON.stringify(wrong)).toEqual([417, true])
      if (!('api_access' in wrong)) expect(fieldsOf(refused, PATH)).toMatchObject({ secret_age_days: '99', ...wrong })
    }
    expect(await stored()).toMatchObject({ secret_age_days: 100, audit_days: 730 })
  })

  it('refuses what was typed into a page that is older than the settings, and goes on refusing it', async () => {
    const fields = { ...(await form()), unused_right_days: '7' }
    await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { audit_days: 800 } })
    const late = await save(fields)
    expect([late.status, late.text.includes(`<a href="${PATH}">open the settings anew</a>`)]).toEqual([417, true])
    expect(fieldsOf(late, PATH)).toMatchObject({ unused_right_days: '7', audit_days: '730' })
    expect((await save(fieldsOf(late, PATH))).status).toBe(417)
    expect((await save({ ...fieldsOf(late, PATH), modified: '' })).status).toBe(417)
    expect(await stored()).toMatchObject({ unused_right_days: 90, audit_days: 800 })
  })

  it('is for System Managers with a session, and needs the form of that session', async () => {
    const fields = await form()
    const clerk = await new Browser(provider).signIn(await person(provider))
    const csrf_token = csrfOf(await clerk.get('/app'))
    expect((await clerk.get(PATH)).status).toBe(403)
    expect((await clerk.post(PATH, { ...fields, csrf_token })).status).toBe(403)
    expect((await sam.post(PATH, { ...fields, csrf_token })).status).toBe(400)
    expect((await new Browser(provider).get(PATH)).location?.pathname).toBe('/login')
    expect(await stored()).toMatchObject({ audit_days: 800 })
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { Browser, connect, person, register, type App, type Tokens } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import type { Finding, Question } from './findings/findings.ts'

const LEAD = {
  name: 'Lead',
  module: 'Stock',
  custom: 1,
  autoname: 'prompt',
  fields: [{ fieldname: 'region', fieldtype: 'Data', label: 'Region' }],
  permissions: [{ role: 'Desk User' }],
}

describe.each(engines)('what Explain tells of the settings of an app, on %s', (engine) => {
  let provider: Provider
  let user: string
  let app: App
  let tokens: Tokens

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [LEAD])
    const leads = ['North', 'South'].map((region) => ({ __newname: `L-${region}`, region }))
    await provider.documents.insert(ADMINISTRATOR, 'Lead', leads)
    user = await person(provider)
    app = await register(provider, { scopes: 'Lead:*', ip_ranges: '127.0.0.0/8', row_filters: '{"Lead": {"region": "North"}}' })
    tokens = await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'Lead:read' })
  })
  afterAll(() => provider.close())

  const lead = (name?: string): Question => ({ right: 'read', doctype: 'Lead', name })
  const asUser = (): Principal => ({ ...ADMINISTRATOR, user, roles: new Set(['Desk User']) })
  async function findings(question: Question, caller: Principal): Promise<readonly Finding[]> {
    const explanation = await provider.oauth.explain.token(caller, tokens.access, question)
    if (explanation === 'not entitled') throw new Error('not entitled')
    return explanation.findings
  }
  const said = async (question: Question, caller: Principal): Promise<string> =>
    (await findings(question, caller)).map(({ sentence, remedy }) => `${sentence}. ${remedy ?? ''}`).join('\n')

  it.each<[question: Question, words: RegExp]>([
    [{ ...lead(), ip: '10.0.0.1' }, /10\.0\.0\.1 is outside of every address range of the app/],
    [{ ...lead(), ip: '127.0.0.9' }, /127\.0\.0\.9 is within an address range of the app/],
    [lead(), /from some addresses alone: set by a System Manager/],
    [lead(), /row filters let through: what an administrator set/],
    [lead('L-North'), /meets the row filters of the app: what an administrator set/],
    [lead('L-South'), /A filter that an administrator set for the app keeps the document from it/],
  ])('names to its user neither addresses nor values: %j', async (question, words) => {
    const told = await said(question, asUser())
    expect(told).toMatch(words)
    expect(told).not.toMatch(/127\.0\.0\.0|"North"|region/)
  })

  it('names them to System Managers, and to the owner of the app', async () => {
    const owned = await register(provider, { scopes: 'Lead:*', ip_ranges: '127.0.0.0/8', row_filters: '{"Lead": {"region": "North"}}' })
    const { access } = await connect(provider, await new Browser(provider).signIn(user), owned, { scope: 'Lead:read' })
    await provider.database.connection
      .withTables<{ 'tabOAuth Client': { name: string; owner: string } }>()
      .updateTable('tabOAuth Client')
      .set({ owner: user })
      .where('name', '=', owned.id)
      .execute()
    const toOwner = await provider.oauth.explain.token(asUser(), access, lead('L-South'))
    for (const told of [JSON.stringify(toOwner), JSON.stringify(await findings(lead('L-South'), ADMINISTRATOR))]) {
      expect(told).toContain('The app is good from some addresses alone: 127.0.0.0/8')
      expect(told).toMatch(/outside of the row filters of the app: region = .*North/)
    }
  })

  it('names to a user the filters that they chose, also beside an administrator’s', async () => {
    const grant = (await provider.grants.list(user, app.id))[0]?.id ?? ''
    const { connection } = provider.database
    const db = connection.withTables<{ oauth_grant: { id: string; filters: string | null } }>()
    const keep = (filters: string | null): Promise<unknown> =>
      db.updateTable('oauth_grant').set({ filters }).where('id', '=', grant).execute()
    await keep('{"Lead": [["name", "in", ["L-North"]]]}')
    const told = await said(lead('L-South'), asUser())
    await keep(null)
    expect(told).toContain('outside of the row filters of the app: what an administrator set and name in ["L-North"]')
  })
})

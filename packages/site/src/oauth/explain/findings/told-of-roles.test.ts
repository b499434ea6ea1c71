import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, person, register, type App } from '../../testing/app.fixture.ts'
import { doctype, openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { NO_RIGHTS } from '../rights.fixture.ts'
import type { Check, Question } from './findings.ts'

describe.each(engines)('the findings on roles and filters, for one who has many rights, on %s', (engine) => {
  let provider: Provider
  let user: string
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: 'Seller', desk_access: 1 }])
    const guests = [
      { role: 'Guest', ...NO_RIGHTS, read: 0, select: 1 },
      { role: 'Guest', ...NO_RIGHTS, read: 1, permlevel: 1 },
    ]
    const permissions = [{ role: 'System Manager' }, { role: 'Seller' }, ...guests]
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [{ ...doctype('Lead'), autoname: 'prompt', permissions }])
    await provider.documents.insert(ADMINISTRATOR, 'Lead', [{ __newname: 'L-1', title: 'x' }])
    user = await person(provider, { roles: [{ role: 'System Manager' }, { role: 'Seller' }] })
    app = await register(provider, {
      scopes: 'Lead:* Comment:read',
      allowed_roles: [{ role: 'All' }],
      row_filters: '{"Lead": {"title": "x"}}',
    })
    await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'Lead:read Comment:read' })
  })
  afterAll(() => provider.close())

  async function said(check: Check, question: Partial<Question>): Promise<readonly string[]> {
    const explanation = await provider.oauth.explain.app(ADMINISTRATOR, user, app.id, { right: 'read', doctype: 'Lead', ...question })
    if (explanation === 'not entitled') throw new Error('not entitled')
    return explanation.findings.filter((finding) => finding.check === check).map(({ sentence }) => sentence.replaceAll(user, 'them'))
  }

  it('name each role that gives the right, and none that gives fields alone', async () => {
    const roles = 'System Manager, Seller'
    expect(await said('role', {})).toEqual([`Roles of them give 'read' on Lead: ${roles}`])
    expect(await said('role', { name: 'L-1' })).toEqual([`Roles of them give 'read' on this document: ${roles}`])
  })

  it('say of documents that speak of others that they are reached with those', async () => {
    expect(await said('row filter', { doctype: 'Comment' })).toEqual([
      'The app reaches only documents that its row filters let through: those about documents that it reaches',
    ])
  })
})

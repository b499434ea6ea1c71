import type { Right } from '@annex/protocol'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Guard } from '../../backend/guard.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { Browser, connect, person, register, request, type App, type Tokens } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { tokenKey } from '../token-text.ts'
import type { Check, Explanation, Finding, Question } from './findings/findings.ts'
import { NO_RIGHTS } from './rights.fixture.ts'

const LEAD = {
  name: 'Lead',
  module: 'Stock',
  custom: 1,
  autoname: 'prompt',
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title' },
    { fieldname: 'region', fieldtype: 'Link', label: 'Region', options: 'Region' },
    { fieldname: 'margin', fieldtype: 'Data', label: 'Margin', permlevel: 1 },
    { fieldname: 'steps', fieldtype: 'Table', label: 'Steps', options: 'Lead Step' },
  ],
  permissions: [
    { role: 'System Manager' },
    { role: 'Seller', ...NO_RIGHTS, write: 1, create: 1, share: 1 },
    { role: 'Boss', ...NO_RIGHTS, if_owner: 1 },
    { role: 'Boss', ...NO_RIGHTS, permlevel: 1 },
    { role: 'Desk User', ...NO_RIGHTS, if_owner: 1 },
  ],
}
const plain = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'prompt',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title' }],
  permissions: [{ role: 'Desk User' }],
  ...more,
})

interface Case {
  readonly token: string
  readonly question?: Partial<Question>
  /** The first that says no; undefined when none does. */
  readonly refusedBy?: Check
  readonly says: RegExp
  readonly remedy?: RegExp
}

describe.each(engines)('Explain on %s', (engine) => {
  let provider: Provider
  let guard: Guard
  const make = (doctype: string, ...documents: Record<string, unknown>[]): Promise<unknown> =>
    provider.documents.insert(ADMINISTRATOR, doctype, documents)

  beforeAll(async () => {
    provider = await openProvider(engine)
    const { doctypes, documents } = provider
    await make('Role', { role_name: 'Seller', desk_access: 1 }, { role_name: 'Boss', desk_access: 1 })
    await make('DocType', plain('Region'), plain('Lead Step', { istable: 1, permissions: [] }))
    await make('DocType', LEAD)
    await make('DocType', plain('Temp'))
    await make('Region', { __newname: 'North' }, { __newname: 'South' })
    await make('Lead', { __newname: 'L-North', region: 'North', steps: [{ title: 'call' }] }, { __newname: 'L-South', region: 'South' })
    guard = new Guard({
      backend: documents,
      doctypeOf: (name) => doctypes.get(name),
      parentsOf: (child) => doctypes.parentsOf(child).map(({ doctype }) => doctype.name),
      methods: new Map(),
      onRefusal: async () => undefined,
      resourceMetadata: () => 'http://site/metadata',
    })
  })
  afterAll(() => provider.close())

  interface Connected {
    readonly user: string
    readonly app: App
    readonly tokens: Tokens
  }

  async function connected(scope: string, values: { roles?: string[]; app?: Record<string, unknown> } = {}): Promise<Connected> {
    const roles = ['Desk User', ...(values.roles ?? ['Seller'])].filter((role) => role !== 'Desk User').map((role) => ({ role }))
    const user = await person(provider, { roles })
    const app = await register(provider, {
      scopes: 'openid all Lead:* Item:* Temp:* User:read',
      allowed_roles: [{ role: 'All' }],
      ...values.app,
    })
    const browser = await new Browser(provider).signIn(user)
    return { user, app, tokens: await connect(provider, browser, app, { scope }) }
  }

  const lead = (right: Right, name?: string): Question => ({ right, doctype: 'Lead', ...(name === undefined ? {} : { name }) })
  const explain = async (token: string, question: Question | undefined, caller: Principal = ADMINISTRATOR): Promise<Explanation> => {
    const explanation = await provider.oauth.explain.token(caller, token, question)
    if (explanation === 'not entitled') throw new Error('not entitled')
    return explanation
  }

  /** What a call with the token really comes to. */
  async function reallyAllowed(token: string, { right, doctype, name, ip = '127.0.0.1' }: Question): Promise<boolean> {
    const call = { headers: { authorization: `Bearer ${token}` }, cookies: {}, args: {}, method: 'GET', path: '/', ip }
    try {
      const known = await provider.oauth.authenticator(call)
      if (
        !known ||
        (await provider.documents.read(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings' }))['api_access'] === 'Off'
      )
        return false
      if (known.caller.apiAccess === false) return false
      if (right === 'write' && name !== undefined) await guard.update(known.caller, { doctype, name, values: { title: 'x' } })
      else if (name !== undefined) await guard.read(known.caller, { doctype, name })
      else await guard.list(known.caller, { doctype, fields: ['name'] })
      return true
    } catch {
      return false
    }
  }

  const cases: Readonly<Record<string, () => Promise<Case>>> = {
    'nothing is in the way': async () => ({ token: (await connected('Lead:read')).tokens.access, says: /cover Lead:read/ }),
    'one document': async () => ({
      token: (await connected('Lead:read')).tokens.access,
      question: lead('read', 'L-North'),
      says: /Roles of .*: Seller/,
    }),
    'a scope': async () => ({
      token: (await connected('Item:read')).tokens.access,
      refusedBy: 'scope',
      says: /\(Item:read\) do not cover Lead:read/,
      remedy: /asks its user for Lead:read/,
    }),
    'a scope that the app may not ask for': async () => ({
      token: (await connected('Lead:read', { app: { scopes: 'Lead:read' } })).tokens.access,
      question: lead('write', 'L-North'),
      refusedBy: 'scope',
      says: /do not cover Lead:write/,
      remedy: /adds Lead:write to the allowed rights/,
    }),
    'the fence': async () => ({
      token: (await connected('all', { roles: ['System Manager'] })).tokens.access,
      question: { right: 'read', doctype: 'User' },
      refusedBy: 'fence',
      says: /stop before User/,
      remedy: /lift the fence/,
    }),
    'a namesake': async () => {
      const { tokens } = await connected('Temp:read')
      await provider.documents.remove(ADMINISTRATOR, { doctype: 'DocType', name: 'Temp' })
      await make('DocType', plain('Temp'))
      return {
        token: tokens.access,
        question: { right: 'read', doctype: 'Temp' },
        refusedBy: 'scope',
        says: /another DocType Temp/,
        remedy: /again/,
      }
    },
    'a token that nobody knows': async () => ({ token: `at1_${'x'.repeat(43)}`, refusedBy: 'token', says: /knows no such token/ }),
    'a refresh token': async () => ({
      token: (await connected('Lead:read')).tokens.refresh,
      refusedBy: 'token',
      says: /refresh token/,
      remedy: /token endpoint/,
    }),
    'something else': async () => ({ token: 'secret', refusedBy: 'token', says: /no access token/ }),
    'the consent': async () => {
      const { user, tokens } = await connected('Lead:read')
      await provider.grants.revoke({ user }, 'user_revoked')
      return { token: tokens.access, refusedBy: 'grant', says: /ended on .*user_revoked/, remedy: /sign-in/ }
    },
    'the state of the app': async () => {
      const { app, tokens } = await connected('Lead:read')
      await provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id, values: { state: 'Suspended' } })
      return { token: tokens.access, refusedBy: 'app', says: /suspended/, remedy: /Active/ }
    },
    'the approval that the app asks for by now': async () => {
      const { app, tokens } = await connected('Lead:read')
      await provider.oauth.clients.update(ADMINISTRATOR, app.id, { authorization_policy: 'After Approval' })
      return { token: tokens.access, refusedBy: 'app', says: /a System Manager approved, and person/, remedy: /approves them/ }
    },
    'an approval': async () => {
      const { user, app, tokens } = await connected('Lead:read')
      await provider.oauth.clients.update(ADMINISTRATOR, app.id, { authorization_policy: 'After Approval' })
      const browser = await new Browser(provider).signIn(user)
      await browser.authorize(request(app))
      await provider.oauth.clients.approvals.approve(ADMINISTRATOR, app.id, user)
      return { token: tokens.access, says: /is active/ }
    },
    'the address that the site had': async () => {
      const { tokens } = await connected('Lead:read')
      const moved = sql`update oauth_token set resource = 'https://old.example.com/mcp' where hash = ${tokenKey(tokens.access)}`
      await moved.execute(provider.database.connection)
      return { token: tokens.access, refusedBy: 'resource', says: /for https:\/\/old\.example\.com\/mcp alone/, remedy: /sign-in/ }
    },
    'an address': async () => ({
      token: (await connected('Lead:read', { app: { ip_ranges: '127.0.0.0/8' } })).tokens.access,
      question: { ip: '10.0.0.1' },
      refusedBy: 'address',
      says: /10\.0\.0\.1 is outside of .*127\.0\.0\.0\/8/,
      remedy: /adds the address/,
    }),
    'an address within': async () => ({
      token: (await connected('Lead:read', { app: { ip_ranges: '127.0.0.0/8' } })).tokens.access,
      question: { ip: '127.0.0.9' },
      says: /is within/,
    }),
    'the switch of a user': async () => {
      const { user, tokens } = await connected('Lead:read')
      await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { api_access: 'Off' } })
      return { token: tokens.access, refusedBy: 'api access', says: /switched off for person/, remedy: /switches it on/ }
    },
    'a role': async () => ({
      token: (await connected('Item:read Lead:write', { roles: ['Boss'] })).tokens.access,
      question: lead('write', 'L-North'),
      refusedBy: 'role',
      says: /None of the roles .*Boss.* gives 'write'/,
      remedy: /one of these roles: .*Seller/,
    }),
    'what cannot be submitted': async () => ({
      token: (await connected('Lead:submit')).tokens.access,
      question: lead('submit'),
      refusedBy: 'role',
      says: /not submitted/,
    }),
    'if owner': async () => ({
      token: (await connected('Lead:read', { roles: ['Boss'] })).tokens.access,
      question: lead('read', 'L-North'),
      refusedBy: 'if owner',
      says: /another user made this one/,
      remedy: /Seller.* or share the document/,
    }),
    'if owner, of all': async () => ({ token: (await connected('Lead:read', { roles: ['Boss'] })).tokens.access, says: /on no others/ }),
    'a user permission': async () => {
      const { user, tokens } = await connected('Lead:read')
      await make('User Permission', { user, allow: 'Region', for_value: 'North' })
      return {
        token: tokens.access,
        question: lead('read', 'L-South'),
        refusedBy: 'user permission',
        says: /whose region is North/,
        remedy: /User Permission/,
      }
    },
    'a user permission that the document meets': async () => {
      const { user, tokens } = await connected('Lead:read')
      await make('User Permission', { user, allow: 'Region', for_value: 'North' })
      return { token: tokens.access, question: lead('read', 'L-North'), says: /Roles of/ }
    },
    'a share': async () => {
      const { user, tokens } = await connected('Lead:read', { roles: ['Boss'] })
      await make('DocShare', { user, share_doctype: 'Lead', share_name: 'L-South', read: 1 })
      await provider.generation.bump(provider.database.connection)
      return { token: tokens.access, question: lead('read', 'L-South'), says: /shared with person/ }
    },
    'a row filter': async () => ({
      token: (await connected('Lead:read', { app: { scopes: 'Lead:*', row_filters: '{"Lead": {"region": "North"}}' } })).tokens.access,
      question: lead('read', 'L-South'),
      refusedBy: 'row filter',
      says: /outside of the row filters of the app: region = "North"/,
      remedy: /changes the row filters/,
    }),
    'a row filter that the document meets': async () => ({
      token: (await connected('Lead:read', { app: { scopes: 'Lead:*', row_filters: '{"Lead": {"region": "North"}}' } })).tokens.access,
      question: lead('read', 'L-North'),
      says: /meets the row filters/,
    }),
    'a level': async () => ({
      token: (await connected('Lead:read')).tokens.access,
      question: lead('read', 'L-North'),
      says: /not shown: margin \(level 1\)/,
      remedy: /permission row of that level/,
    }),
    'no document': async () => ({
      token: (await connected('Lead:read')).tokens.access,
      question: lead('read', 'L-Nowhere'),
      refusedBy: 'document',
      says: /no Lead L-Nowhere/,
    }),
    'no DocType': async () => ({
      token: (await connected('Lead:read')).tokens.access,
      question: { right: 'read', doctype: 'Nothing' },
      refusedBy: 'doctype',
      says: /no DocType Nothing/,
    }),
    'a row of a child table': async () => {
      const { steps } = (await provider.documents.read(ADMINISTRATOR, { doctype: 'Lead', name: 'L-North' })) as unknown as {
        steps: { name: string }[]
      }
      const name = steps[0]?.name ?? ''
      return {
        token: (await connected('Item:read')).tokens.access,
        question: { right: 'read', doctype: 'Lead Step', name },
        refusedBy: 'scope',
        says: /do not cover Lead:read/,
      }
    },
  }

  it.each(Object.entries(cases))('by %s, as it really is', async (_, prepare) => {
    const { token, question, refusedBy, says, remedy } = await prepare()
    const asked: Question = { ...lead('read'), ...question }
    const explanation = await explain(token, asked)
    const matching = explanation.findings.filter((finding: Finding) => says.test(finding.sentence))
    expect(matching.length, JSON.stringify(explanation.findings)).toBeGreaterThan(0)
    expect(explanation.findings.find((finding) => finding.outcome === 'refuses')?.check).toBe(refusedBy)
    if (remedy)
      expect(
        matching.some((finding) => remedy.test(finding.remedy ?? '')),
        JSON.stringify(matching),
      ).toBe(true)
    expect(explanation.allowed).toBe(refusedBy === undefined)
    if (asked.right === 'read' || asked.name !== undefined) expect(await reallyAllowed(token, asked)).toBe(explanation.allowed)
    expect(JSON.stringify(explanation)).not.toContain(token)
  })

  it('by the switch of the site, and by the time', async () => {
    const { tokens } = await connected('Lead:read')
    const set = (api_access: string): Promise<unknown> =>
      provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { api_access } })
    await set('Off')
    expect((await explain(tokens.access, lead('read'))).findings).toContainEqual(
      expect.objectContaining({ check: 'api access', outcome: 'refuses' }),
    )
    await set('On')
    expect((await explain(tokens.access, lead('read'))).allowed).toBe(true)
    provider.advance(3601)
    expect((await explain(tokens.access, undefined)).findings[0]).toMatchObject({
      check: 'token',
      outcome: 'refuses',
      sentence: expect.stringContaining('expired on') as string,
    })
    provider.advance(-3601)
  })

  it('tells a user of their own apps, a System Manager of all, and nobody else', async () => {
    const ann = await connected('Lead:read')
    const bob = await connected('Lead:read')
    const principal = async (user: string): Promise<Principal> => ({ ...ADMINISTRATOR, user, roles: new Set(['Desk User']) })
    const { explain: explains } = provider.oauth
    expect(await explains.token(await principal(ann.user), ann.tokens.access, lead('read'))).toMatchObject({ allowed: true })
    expect(await explains.token(await principal(bob.user), ann.tokens.access, lead('read'))).toBe('not entitled')
    expect(await explains.token(await principal(bob.user), `at1_${'y'.repeat(43)}`, lead('read'))).toBe('not entitled')
    expect(await explains.app(await principal(ann.user), ann.user, ann.app.id, lead('read'))).toMatchObject({
      allowed: true,
      user: ann.user,
    })
    expect(await explains.app(await principal(bob.user), ann.user, ann.app.id, lead('read'))).toBe('not entitled')
    expect(await explains.app(ADMINISTRATOR, ann.user, bob.app.id, lead('read'))).toMatchObject({
      allowed: false,
      findings: [{ check: 'grant' }],
    })
    const incident = await provider.audit.refuse({
      event: 'scope refused',
      user: ann.user,
      client: ann.app.id,
      grant: await grantOf(ann),
      scope: 'Item:read',
      act: 'list Item',
    })
    const told = await explains.incident(await principal(ann.user), incident)
    expect(told).toMatchObject({ incident: { count: 1 }, explanation: { allowed: false, question: { doctype: 'Item', right: 'read' } } })
    expect(await explains.incident(await principal(bob.user), incident)).toBe('not entitled')
    const none = '00000000-0000-4000-8000-000000000000'
    expect(await explains.incident(await principal(bob.user), none)).toBe('not entitled')
    expect(await explains.incident(ADMINISTRATOR, none)).toBeUndefined()
  })

  const grantOf = async ({ user, app }: Connected): Promise<string> => (await provider.grants.list(user, app.id))[0]?.id ?? ''

  it('knows refusals of permissions, of methods, and of people without an app', async () => {
    const { user, app, tokens } = await connected('Lead:read', { roles: ['Boss'] })
    const grant = (await provider.grants.list(user, app.id))[0]?.id ?? ''
    const told = async (refused: Parameters<Provider['audit']['refuse']>[0]) => {
      const found = await provider.oauth.explain.incident(ADMINISTRATOR, await provider.audit.refuse(refused))
      if (found === 'not entitled' || !found) throw new Error('nothing')
      return found.explanation
    }
    expect((await told({ event: 'permission refused', user, client: app.id, grant, act: 'update Lead' }))?.question).toMatchObject({
      right: 'write',
      doctype: 'Lead',
    })
    expect(
      (await told({ event: 'scope refused', user, client: app.id, grant, scope: 'method:site.do', act: 'site.do' }))?.findings,
    ).toContainEqual(expect.objectContaining({ check: 'method', outcome: 'refuses' }))
    const byPerson = await told({ event: 'permission refused', user, act: 'remove Lead' })
    expect(byPerson).toMatchObject({ allowed: false, client: undefined, question: { right: 'delete' } })
    expect(byPerson?.findings.at(-1)).toMatchObject({ check: 'role', outcome: 'refuses' })
    expect(await told({ event: 'sign-in refused', user, reason: 'x' })).toMatchObject({ findings: [{ check: 'user', outcome: 'holds' }] })
    expect(tokens.access).not.toBe('')
  })
})

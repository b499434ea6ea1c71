import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { Browser, connect, person, register, renew, tokensOf, type App } from '../testing/app.fixture.ts'
import { doctype, openProvider, type Provider } from '../testing/provider.fixture.ts'
import type { ExplainedIncident } from './explain.ts'
import { parseRight } from './explain.ts'
import type { Check, Explanation, Finding } from './findings/findings.ts'

type Refused = Parameters<Provider['audit']['refuse']>[0]

it('a right is read by its name, and of another text it is said which there are', () => {
  expect(parseRight('amend')).toBe('amend')
  expect(() => parseRight('Read'.padEnd(70, 'x'))).toThrow(
    `there is no right "Read${'x'.repeat(56)}"; there are: select, read, write, create, delete, `,
  )
})

describe.each(engines)('what Explain says of a refusal that is quoted, on %s', (engine) => {
  let provider: Provider
  let user: string
  let app: App
  let grant: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [{ ...doctype('Orphan'), permissions: [] }])
    user = await person(provider)
    app = await register(provider, { scopes: 'openid Item:read Item:write', ip_ranges: '127.0.0.0/8' })
    await connect(provider, await new Browser(provider).signIn(user), app, { scope: 'openid Item:read' })
    grant = (await provider.grants.list(user, app.id))[0]?.id ?? ''
  })
  afterAll(() => provider.close())

  const quoted = async (refused: Refused): Promise<ExplainedIncident> => {
    const found = await provider.oauth.explain.incident(ADMINISTRATOR, await provider.audit.refuse(refused))
    if (found === 'not entitled' || !found) throw new Error('nothing')
    return found
  }
  const of = (explanation: Explanation | undefined, check: Check): Finding | undefined =>
    explanation?.findings.find((finding) => finding.check === check)

  it.each<[act: string | undefined, scope: string | undefined, question: object | undefined]>([
    ['read Item', undefined, { right: 'read', doctype: 'Item' }],
    ['list Sales Invoice', undefined, { right: 'read', doctype: 'Sales Invoice' }],
    ['search Item', undefined, { right: 'select', doctype: 'Item' }],
    ['create Item', undefined, { right: 'create', doctype: 'Item' }],
    ['update Item', undefined, { right: 'write', doctype: 'Item' }],
    ['submit Item', undefined, { right: 'submit', doctype: 'Item' }],
    ['cancel Item', undefined, { right: 'cancel', doctype: 'Item' }],
    ['rename Item', undefined, { right: 'write', doctype: 'Item' }],
    ['remove Item', undefined, { right: 'delete', doctype: 'Item' }],
    ['read ', undefined, undefined],
    ['read', undefined, undefined],
    ['paint Item', undefined, undefined],
    [undefined, undefined, undefined],
    ['list Item', 'Sales.Invoice:export', { right: 'export', doctype: 'Sales Invoice' }],
    ['list Item', 'method:site.do', undefined],
    ['list Item', 'openid', undefined],
  ])('a refusal of what was tried, %j, for want of %j, asks %j', async (act, scope, question) => {
    const facts = { ...(act === undefined ? {} : { act }), ...(scope === undefined ? {} : { scope }) }
    const { explanation } = await quoted({ event: 'permission refused', user, ip: '127.0.0.5', ...facts })
    expect(explanation?.question).toEqual(question && { ...question, ip: '127.0.0.5' })
    expect(explanation?.client).toBeUndefined()
  })

  it('a refusal of an app names the app, the consent, the address and the user', async () => {
    const { incident, explanation } = await quoted({
      event: 'scope refused',
      user,
      client: app.id,
      grant,
      scope: 'Item:write',
      ip: '10.0.0.1',
    })
    expect(incident).toMatchObject({ event: 'scope refused', user, client: app.id, grant, ip: '10.0.0.1' })
    expect(explanation).toMatchObject({
      allowed: false,
      user,
      grant,
      client: { id: app.id, name: 'Field Sales' },
      question: { right: 'write', doctype: 'Item', ip: '10.0.0.1' },
    })
    expect(explanation?.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      'grant holds',
      'app holds',
      'address refuses',
      'user holds',
      'scope refuses',
      'role holds',
    ])
    expect(of(explanation, 'grant')?.sentence).toMatch(/of \d{4}-\d\d-\d\d \d\d:\d\d holds until \d{4}-\d\d-\d\d \d\d:\d\d$/)
  })

  it('a refusal of a method names the method, and of identity alone nothing', async () => {
    const refused = { event: 'scope refused', user, client: app.id, grant } as const
    const byMethod = (await quoted({ ...refused, scope: 'method:site.do' })).explanation
    expect(of(byMethod, 'method')).toEqual({
      check: 'method',
      outcome: 'refuses',
      sentence: "The app's scopes (openid Item:read) do not cover method:site.do",
      remedy: 'The app asks its user for method:site.do',
    })
    const byIdentity = (await quoted({ ...refused, scope: 'profile' })).explanation
    expect(byIdentity?.findings.map(({ check }) => check)).toEqual(['grant', 'app', 'address', 'user'])
  })

  it('a refusal of nobody shows the refusal alone, and that to System Managers', async () => {
    const id = await provider.audit.refuse({ event: 'sign-in refused', reason: 'x' })
    const told = await provider.oauth.explain.incident(ADMINISTRATOR, id)
    expect(told).toEqual({ incident: expect.objectContaining({ event: 'sign-in refused', user: null }) as unknown })
    const clerk: Principal = { ...ADMINISTRATOR, user, roles: new Set(['Desk User']) }
    expect(await provider.oauth.explain.incident(clerk, id)).toBe('not entitled')
  })

  it('a refusal of a person without an app judges their permissions, Administrator’s too', async () => {
    const { explanation } = await quoted({ event: 'permission refused', user: 'Administrator', act: 'read Orphan' })
    expect(explanation?.findings).toEqual([
      { check: 'user', outcome: 'holds', sentence: 'The user Administrator is enabled' },
      { check: 'role', outcome: 'holds', sentence: "Roles of Administrator give 'read' on Orphan: all of them" },
    ])
    expect(explanation).toMatchObject({ allowed: true, user: 'Administrator' })
    const gone = (await quoted({ event: 'permission refused', user: 'gone@example.com', act: 'read Item' })).explanation
    expect(gone?.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(['user refuses'])
  })

  it('a refusal of an API key while API access is off names the switch; to a refusal of the same person at the Desk it is nothing', async () => {
    const off = await person(provider, { api_access: 0 })
    const byKey = (await quoted({ event: 'api access refused', user: off, reason: 'off for the user' })).explanation
    expect(byKey?.allowed).toBe(false)
    expect(of(byKey, 'api access')).toEqual({
      check: 'api access',
      outcome: 'refuses',
      sentence: `API access is switched off for ${off}; a System Manager can switch it on in the User`,
      remedy: 'A System Manager switches it on',
    })
    const atDesk = (await quoted({ event: 'permission refused', user: off, act: 'read Item' })).explanation
    expect(atDesk?.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(['user holds', 'role holds'])
  })

  it('a refusal is told to the owner of the app when it is of a token; of anything else, and of an app that is gone, it is not', async () => {
    const [owner, owned] = [await person(provider), await register(provider)]
    await sql`update "tabOAuth Client" set owner = ${owner} where name = ${owned.id}`.execute(provider.database.connection)
    const theirs: Principal = { ...ADMINISTRATOR, user: owner, roles: new Set(['Desk User']) }
    const told = async (refused: Refused): Promise<unknown> =>
      provider.oauth.explain.incident(theirs, await provider.audit.refuse({ user, ...refused }))
    const ofToken = { event: 'oauth.bearer.refused', reason: 'expired' }
    expect(await told({ ...ofToken, client: owned.id })).toMatchObject({ incident: { user, client: owned.id } })
    expect(await told({ event: 'permission refused', client: owned.id, act: 'read Item' })).toBe('not entitled')
    expect(await told({ ...ofToken, client: 'no such app' })).toBe('not entitled')
  })

  it('a refusal of a token that nobody knows says so of nobody, and one of an app at another address names the app and no user', async () => {
    const unknown = (await quoted({ event: 'oauth.bearer.refused', reason: 'unknown' })).explanation
    expect(unknown).toMatchObject({ allowed: false, user: '', findings: [{ check: 'token', outcome: 'refuses' }] })
    const elsewhere = (await quoted({ event: 'oauth.client.refused', reason: 'address', client: app.id, ip: '10.0.0.1' })).explanation
    expect(elsewhere).toMatchObject({ allowed: false, user: '', client: { id: app.id, name: 'Field Sales' } })
    expect(elsewhere?.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(['app holds', 'address refuses'])
  })

  it('a refusal of a consent of Administrator says that apps may not act for them here', async () => {
    const theirs = await register(provider, { scopes: 'openid Item:read' })
    const ann = await person(provider)
    await connect(provider, await new Browser(provider).signIn(ann), theirs, { scope: 'Item:read' })
    const [its] = await provider.grants.list(ann, theirs.id)
    await sql`update oauth_grant set "user" = 'Administrator' where id = ${its!.id}`.execute(provider.database.connection)
    const { explanation } = await quoted({ event: 'permission refused', client: theirs.id, grant: its!.id, act: 'read Item' })
    expect(of(explanation, 'user')).toMatchObject({
      outcome: 'refuses',
      sentence: 'Apps may not act for Administrator on this site',
    })
  })

  it('a refusal of a consent that is gone says so', async () => {
    const { explanation } = await quoted({ event: 'permission refused', user, client: app.id, grant: 'no such grant', act: 'read Item' })
    expect(explanation).toEqual({
      allowed: false,
      user: '',
      grant: 'no such grant',
      question: { right: 'read', doctype: 'Item', ip: undefined },
      findings: [
        { check: 'grant', outcome: 'refuses', sentence: 'The consent is gone', remedy: 'The app sends its user through the sign-in again' },
      ],
    })
  })

  it('a refusal of an app that is gone names it by its id, and judges what its consent said', async () => {
    const gone = await register(provider, { scopes: 'openid Item:read' })
    await connect(provider, await new Browser(provider).signIn(user), gone, { scope: 'Item:read' })
    const [its] = await provider.grants.list(user, gone.id)
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name: gone.id })
    const { explanation } = await quoted({ event: 'permission refused', user, client: gone.id, grant: its!.id, act: 'read Item' })
    expect(explanation?.client).toEqual({ id: gone.id, name: gone.id })
    expect(explanation?.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      'grant refuses',
      'app refuses',
      'user holds',
      'scope holds',
      'role holds',
    ])
    expect(of(explanation, 'grant')?.sentence).toContain('(client_removed)')
  })

  it('a refusal of an app that the user allowed twice goes by the consent that allows it, else by the first', async () => {
    const twice = await register(provider, { scopes: 'openid Item:read Item:write Item:create' })
    const browser = await new Browser(provider).signIn(user)
    await connect(provider, browser, twice, { scope: 'Item:create' })
    await connect(provider, browser, twice, { scope: 'Item:write' })
    const explain = (right: 'create' | 'write' | 'delete'): Promise<Explanation | 'not entitled'> =>
      provider.oauth.explain.app(ADMINISTRATOR, user, twice.id, { right, doctype: 'Item' })
    const grants = await provider.grants.list(user, twice.id)
    const grantOf = (scope: string): string => grants.find(({ granted }) => granted === scope)?.id ?? ''
    expect(grants).toHaveLength(2)
    expect(await explain('write')).toMatchObject({ allowed: true, grant: grantOf('Item:write') })
    expect(await explain('create')).toMatchObject({ allowed: true, grant: grantOf('Item:create') })
    expect(await explain('delete')).toMatchObject({ allowed: false, grant: grants[0]?.id })
    const nothing = await provider.oauth.explain.app(ADMINISTRATOR, 'nobody@example.com', twice.id, { right: 'read', doctype: 'Item' })
    expect(nothing).toEqual({
      allowed: false,
      user: 'nobody@example.com',
      question: { right: 'read', doctype: 'Item' },
      findings: [
        {
          check: 'grant',
          outcome: 'refuses',
          sentence: 'nobody@example.com has not allowed this app anything, or has ended it',
          remedy: 'The app sends its user through the sign-in',
        },
      ],
    })
  })

  it('a refusal of a token that was renewed for less goes by what that token holds', async () => {
    const wide = await register(provider, { scopes: 'openid Item:read' })
    const tokens = await connect(provider, await new Browser(provider).signIn(user), wide, { scope: 'openid Item:read' })
    const { access, refresh } = tokensOf(await renew(provider, wide, tokens.refresh, { scope: 'openid' }))
    const ofRefresh = await provider.oauth.explain.token(ADMINISTRATOR, refresh, { right: 'read', doctype: 'Item' })
    expect(ofRefresh).toMatchObject({ allowed: false, user: '', findings: [{ check: 'token', outcome: 'refuses' }] })
    const explanation = await provider.oauth.explain.token(ADMINISTRATOR, access, { right: 'read', doctype: 'Item' })
    expect(explanation).toMatchObject({ allowed: false, client: { id: wide.id } })
    expect(of(explanation === 'not entitled' ? undefined : explanation, 'scope')?.sentence).toBe(
      "The app's scopes (openid) do not cover Item:read",
    )
  })

  it('a refusal of an app that is open to other roles by now says so, and of a token that nobody has made says no more', async () => {
    await provider.documents.update(ADMINISTRATOR, {
      doctype: 'OAuth Client',
      name: app.id,
      values: { allowed_roles: [{ role: 'System Manager' }] },
    })
    const { explanation } = await quoted({ event: 'permission refused', user, client: app.id, grant, act: 'read Item', ip: '127.0.0.1' })
    expect(explanation?.allowed).toBe(false)
    expect(of(explanation, 'grant')?.sentence).toMatch(/ended on .* \(role_lost\)$/)
    expect(explanation?.findings.filter(({ check, outcome }) => check === 'app' && outcome === 'refuses')).toEqual([
      {
        check: 'app',
        outcome: 'refuses',
        sentence: `The app is open to other roles (System Manager), of which ${user} has none`,
        remedy: `Give ${user} one of them, or the app one of theirs`,
      },
    ])
    const question = { right: 'read', doctype: 'Item' } as const
    expect(await provider.oauth.explain.token(ADMINISTRATOR, `at1_${'z'.repeat(43)}`, question)).toMatchObject({
      allowed: false,
      user: '',
      question,
      findings: [{ check: 'token', outcome: 'refuses' }],
    })
  })
})

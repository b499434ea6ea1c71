import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { readClient } from '../clients/clients-store.ts'
import { expectError } from '../testing/answers.fixture.ts'
import {
  Browser,
  REDIRECT,
  ask,
  boxesOf,
  me,
  person,
  pkce,
  renew,
  request,
  swap,
  tokensOf,
  type App,
  type Reply,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const REGISTER = '/api/method/frappe.integrations.oauth2.register_client'
const ALL = 'openid all *:read Item:read Item:write'

describe.each(engines)('a program that registered itself, when the policy is narrowed, on %s', (engine) => {
  let provider: Provider
  let alice: Browser
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())
  beforeEach(async () => {
    await policy(ALL)
    alice = await new Browser(provider).signIn(await person(provider))
    app = await registered()
  })

  const set = (values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })
  const policy = (registration_scopes: string, dynamic_registration = 'Open', sets = ''): Promise<unknown> =>
    set({ registration_scopes, dynamic_registration, registrations_per_hour: 1000, scope_sets: sets })
  async function registered(values: Record<string, unknown> = {}): Promise<App> {
    const { json } = await ask(provider, REGISTER, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [REDIRECT], ...values }),
      headers: { 'content-type': 'application/json' },
    })
    return { id: String(json['client_id']), secret: String(json['client_secret']) }
  }
  const proof = pkce()
  const asking = (scope: string, values: Record<string, string> = {}) =>
    request(app, { scope, code_challenge: proof.challenge, code_challenge_method: 'S256', ...values })
  const exchange = (code: string): Promise<Reply> => swap(provider, app, code, { code_verifier: proof.verifier })
  const connected = async (scope: string): Promise<ReturnType<typeof tokensOf>> => tokensOf(await exchange(await alice.code(asking(scope))))
  const change = (values: Record<string, unknown>): Promise<unknown> => provider.oauth.clients.update(ADMINISTRATOR, app.id, values)

  it('may no more ask for what it lost; a token that is out lives on, as when its own list shrinks', async () => {
    const tokens = await connected('openid all Item:read')
    await policy('openid Item:read')
    for (const scope of ['openid all', '*:read', 'Item:write']) expectError(await alice.authorize(asking(scope)), 'invalid_scope')
    const details = JSON.stringify([{ type: 'frappe_doctype', doctype: 'Item', actions: ['write'] }])
    expectError(await alice.authorize(asking('openid', { authorization_details: details })), 'invalid_authorization_details')
    expect((await me(provider, tokens.access)).json['scopes']).toEqual(['openid', 'all', 'Item:read'])
    const renewed = await renew(provider, app, tokens.refresh)
    expect([renewed.status, renewed.json['scope']]).toEqual([200, 'openid Item:read'])
  })

  it('gets less for a code that was given before', async () => {
    const code = await alice.code(asking('openid all Item:write'))
    await policy('openid Item:read')
    expect((await exchange(code)).json['scope']).toBe('openid')
  })

  it('gets nothing when nothing is left', async () => {
    const { refresh } = await connected('all')
    await policy('openid')
    expect((await renew(provider, app, refresh)).json['error']).toBe('invalid_scope')
  })

  it('without a scope asks for what is left; it gets all of it back when the policy does', async () => {
    const tokens = await connected('openid all Item:read Item:write')
    await policy('Item:read')
    expect(boxesOf(await alice.authorize(asking('', { prompt: 'consent' })))).toEqual(['Item:read'])
    await policy(ALL)
    expect((await renew(provider, app, tokens.refresh)).json['scope']).toBe('openid all Item:read Item:write')
  })

  it('loses the scopes of a set with the set, and never gets all through one', async () => {
    const sets = (scopes: string[]): string => JSON.stringify({ work: { title: 'Work', scopes } })
    await policy('openid set:work', 'Open', sets(['Item:read', '*:read']))
    app = await registered()
    const tokens = await connected('openid set:work')
    expect(tokens.scope).toBe('openid Item:read')
    await policy('openid', 'Open', sets(['Item:read', '*:read']))
    expectError(await alice.authorize(asking('openid set:work')), 'invalid_scope')
    expectError(await alice.authorize(asking('openid Item:read')), 'invalid_scope')
    expect((await renew(provider, app, tokens.refresh)).json['scope']).toBe('openid')
  })

  it.each<[how: string, approve: () => Promise<unknown>]>([
    ['let it in', async () => {}],
    ['gave it one more', () => change({ scopes: `${ALL} Item:delete` })],
    ['says so', () => change({ scopes_approved: 1 })],
  ])('keeps its scopes, but for those on everything, when a System Manager %s', async (how, approve) => {
    if (how === 'let it in') {
      await policy(ALL, 'After Approval')
      app = await registered()
      await provider.oauth.clients.setState(ADMINISTRATOR, app.id, 'Active')
    }
    await approve()
    await policy('openid')
    expect(boxesOf(await alice.authorize(asking('openid Item:write')))).toEqual(['Item:write'])
    for (const scope of ['all', '*:read']) expectError(await alice.authorize(asking(scope)), 'invalid_scope')
    if (how !== 'says so') return
    await change({ scopes_approved: 0 })
    expectError(await alice.authorize(asking('openid Item:write')), 'invalid_scope')
  })

  it('is not let go because a System Manager took a scope away, or wrote the same in another order', async () => {
    for (const scopes of ['openid Item:read Item:write', 'Item:write\r\nopenid\nItem:read']) await change({ scopes })
    await policy('openid')
    expectError(await alice.authorize(asking('openid Item:write')), 'invalid_scope')
    expect(await readClient(provider.database.connection, app.id)).toMatchObject({ scopesApproved: false })
  })

  it('cannot say so itself', async () => {
    const own = await registered({ scopes_approved: 1, approved: true })
    expect(await readClient(provider.database.connection, own.id)).toMatchObject({ scopesApproved: false })
  })

  it('can still be suspended and retired', async () => {
    await connected('all')
    await policy('openid')
    await provider.oauth.clients.setState(ADMINISTRATOR, app.id, 'Suspended')
    await provider.oauth.clients.retire(ADMINISTRATOR, app.id)
    expect(await readClient(provider.database.connection, app.id)).toMatchObject({ state: 'Retired', scopesApproved: false })
    app = await registered()
    await expect(change({ scopes: 'openid all' })).rejects.toThrow(/Registration Scopes/)
  })

  it('hears of it at its event address, when somebody gave it one', async () => {
    await connected('openid Item:write')
    const narrowed = () => provider.events.filter(({ event, client }) => event === 'grant.narrowed' && client === app.id)
    await policy('openid Item:write')
    await change({ event_uri: 'https://app.example.com/events' })
    expect(narrowed()).toEqual([])
    await policy('openid Item:read')
    const told = [{ scope: 'openid', reason: 'registration_policy_changed' }]
    expect(narrowed()).toMatchObject(told)
    await policy('openid Item:read profile')
    expect(narrowed()).toMatchObject(told)
  })

  it('is explained by what it still may have', async () => {
    await connected('openid Item:write')
    await policy('openid')
    const user = alice.cookie === '' ? '' : String((await alice.get('/api/me')).json['user'])
    const explained = await provider.oauth.explain.app(ADMINISTRATOR, user, app.id, { right: 'write', doctype: 'Item' })
    expect(explained).toMatchObject({ allowed: false })
  })
})

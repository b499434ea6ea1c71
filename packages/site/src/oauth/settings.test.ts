import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { OAuthSettings, SETTINGS } from './settings.ts'
import { openProvider, type Provider } from './testing/provider.fixture.ts'

describe.each(engines)('the OAuth Settings on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const save = (values: object): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: values as Record<string, unknown> })
  const observe = async (): Promise<void> => provider.generation.observe(await provider.generation.read())

  it('have the defaults of their fields before anybody saved them', async () => {
    expect(await provider.settings.read()).toEqual({
      apiAccess: true,
      dynamicRegistration: 'Off',
      registrationScopes: ['openid', 'profile', 'email'],
      registrationsPerHour: 20,
      unusedRegistrationDays: 30,
      requestsPerSecond: 0,
      concurrentRequests: 0,
      secretAgeDays: 365,
      unusedRightDays: 90,
      signingKeyDays: 90,
      auditDays: 730,
      scopeSets: new Map(),
    })
  })

  it('hold with the next generation what a System Manager saved', async () => {
    await save({ dynamic_registration: 'Open', scope_sets: { sales: { title: ' Sales ', scopes: ['Item:read', 'Item:read', 'openid'] } } })
    await observe()
    const read = await provider.settings.read()
    expect(read.dynamicRegistration).toBe('Open')
    expect(read.scopeSets).toEqual(new Map([['sales', { title: 'Sales', scopes: ['Item:read', 'openid'] }]]))
    expect(await provider.settings.read()).toBe(read)
  })

  it('hold every field as a System Manager saved it', async () => {
    const days = { secret_age_days: 11, unused_right_days: 12, signing_key_days: 13, audit_days: 14, unused_registration_days: 15 }
    const counts = { registrations_per_hour: 16, requests_per_second: 17, concurrent_requests: 18 }
    await save({ ...days, ...counts, api_access: 'Off', dynamic_registration: 'After Approval', registration_scopes: 'openid\nItem:read' })
    await observe()
    expect(await provider.settings.read()).toMatchObject({
      apiAccess: false,
      dynamicRegistration: 'After Approval',
      registrationScopes: ['openid', 'Item:read'],
      registrationsPerHour: 16,
      unusedRegistrationDays: 15,
      requestsPerSecond: 17,
      concurrentRequests: 18,
      secretAgeDays: 11,
      unusedRightDays: 12,
      signingKeyDays: 13,
      auditDays: 14,
    })
    await save({ api_access: 'On' })
    await observe()
    expect(await provider.settings.read()).toMatchObject({ apiAccess: true })
  })

  it('are read as what they can mean, and again after a fault', async () => {
    let reads = 0
    const odd = { api_access: null, dynamic_registration: 'Perhaps', registrations_per_hour: -1, audit_days: null }
    const documents = {
      read: async () => {
        reads += 1
        if (reads === 1) throw new Error('the database is away')
        return odd as unknown as Awaited<ReturnType<Provider['documents']['read']>>
      },
    }
    const settings = new OAuthSettings({ documents, generation: provider.generation })
    await expect(settings.read()).rejects.toThrow('the database is away')
    const [read, same] = await Promise.all([settings.read(), settings.read()])
    expect(read).toMatchObject({
      apiAccess: true,
      dynamicRegistration: 'Off',
      registrationScopes: [],
      registrationsPerHour: 0,
      auditDays: 0,
    })
    expect([same, await settings.read(), reads]).toEqual([read, read, 2])
    await provider.generation.bump(provider.database.connection)
    await observe()
    await settings.read()
    expect(reads).toBe(3)
  })

  it.each<[values: object, sentence: RegExp]>([
    [{ audit_days: 40_000 }, /Audit Days must be 0 to 36500/],
    [{ secret_age_days: 0 }, /Secret Age Days must be 1 to 3650/],
    [{ registration_scopes: 'openid Ghost:read' }, /DocType Ghost/],
    [{ registration_scopes: 'everything' }, /everything is no scope/],
    [{ scope_sets: '{"a":' }, /not valid JSON/],
    [{ scope_sets: '["a"]' }, /object of sets/],
    [{ scope_sets: '{"a b": {"title": "A", "scopes": ["openid"]}}' }, /a b cannot name a set/],
    [{ scope_sets: { a: { scopes: ['openid'] } } }, /The set a needs a title/],
    [{ scope_sets: { a: { title: 'A', scopes: [] } } }, /The set a needs a list/],
    [{ scope_sets: { a: { title: 'A', scopes: ['openid', 1] } } }, /The set a holds something that is no scope/],
    [{ scope_sets: { a: { title: 'A', scopes: ['set:b'] } } }, /a set cannot hold another/],
    [{ scope_sets: { a: { title: 'A', scopes: ['Item:*'] } } }, /the pattern Item:\*/],
    [{ scope_sets: { a: { title: 'A', scopes: ['Ghost:read'] } } }, /DocType Ghost/],
  ])('with %j are refused', async (values, sentence) => {
    await expect(save(values)).rejects.toMatchObject({ excType: 'ValidationError', message: expect.stringMatching(sentence) as string })
  })
})

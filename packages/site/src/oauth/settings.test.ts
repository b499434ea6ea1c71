import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { SETTINGS } from './settings.ts'
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

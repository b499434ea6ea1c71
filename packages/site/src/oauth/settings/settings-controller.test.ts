import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import type { TrailEntry } from '../../audit/trail.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { SETTINGS } from '../settings.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const RANGES: readonly (readonly [field: string, label: string, least: number, most: number])[] = [
  ['registrations_per_hour', 'Registrations Per Hour', 0, 100_000],
  ['unused_registration_days', 'Unused Registration Days', 0, 3650],
  ['requests_per_second', 'Requests Per Second', 0, 1_000_000],
  ['concurrent_requests', 'Concurrent Requests', 0, 10_000],
  ['secret_age_days', 'Secret Age Days', 1, 3650],
  ['unused_right_days', 'Unused Right Days', 1, 3650],
  ['signing_key_days', 'Signing Key Days', 0, 3650],
  ['audit_days', 'Audit Days', 0, 36_500],
]

describe.each(engines)('the OAuth Settings that a System Manager saves, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const save = (values: Record<string, unknown>): Promise<Record<string, unknown>> =>
    provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values })
  const trail = (): Promise<TrailEntry[]> => provider.trail.latest({ event: 'oauth.settings.changed' }, 100)

  it.each(RANGES)('%s: must be within its range, and is said so by its label (%s, %i to %i)', async (field, label, least, most) => {
    await save({ [field]: least + 1 })
    const before = (await trail()).length
    for (const value of [least, most]) {
      expect(await save({ [field]: value })).toMatchObject({ [field]: value })
      expect((await trail())[0]).toMatchObject({ user: 'Administrator', detail: { [field]: value } })
    }
    for (const value of least === 0 ? [most + 1] : [least - 1, most + 1])
      await expect(save({ [field]: value })).rejects.toMatchObject({
        excType: 'ValidationError',
        message: `${label} must be ${least} to ${most}`,
      })
    expect(await provider.documents.read(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS })).toMatchObject({ [field]: most })
    expect(await trail()).toHaveLength(before + 2)
  })

  it.each<[field: string, value: string, other: string]>([
    ['api_access', 'Off', 'On'],
    ['dynamic_registration', 'Open', 'Off'],
    ['registration_scopes', 'openid Item:read', 'openid'],
    ['scope_sets', '{"work":{"title":"Work","scopes":["openid"]}}', ''],
  ])('%s: what changed stands in the trail with what it holds now, and nothing else', async (field, value, other) => {
    await save({ [field]: other })
    await save({ [field]: value })
    expect((await trail())[0]?.detail).toEqual({ [field]: value })
    await save({ [field]: value })
    expect((await trail())[0]?.detail ?? {}).toEqual({})
    await save({ [field]: other })
    expect(Object.keys((await trail())[0]?.detail ?? {})).toEqual([field])
  })

  it('hold in every process at once', async () => {
    const before = await provider.generation.read()
    await save({ audit_days: 17 })
    expect(await provider.generation.read()).toBeGreaterThan(before)
    await provider.generation.observe(await provider.generation.read())
    expect((await provider.settings.read()).auditDays).toBe(17)
  })

  it('name sets among the scopes of registration only when they hold them', async () => {
    await save({ scope_sets: '' })
    await expect(save({ registration_scopes: 'openid set:work' })).rejects.toMatchObject({
      message: 'The scope set:work names a set that OAuth Settings do not have; add it to Scope Sets there',
    })
    await save({ registration_scopes: 'openid set:work', scope_sets: { work: { title: 'Work', scopes: ['Item:read'] } } })
    await expect(save({ scope_sets: '' })).rejects.toMatchObject({ excType: 'ValidationError' })
  })

  describe('and listening programs that registered themselves', () => {
    let client: string

    beforeEach(async () => {
      await save({ registration_scopes: 'openid Item:read', scope_sets: '' })
      const { id } = await provider.oauth.clients.insert(ADMINISTRATOR, {
        app_name: 'Itself',
        dynamically_registered: 1,
        scopes: 'openid Item:read',
        redirect_uris: 'https://app.example.com/cb',
        default_redirect_uri: 'https://app.example.com/cb',
        event_uri: 'https://app.example.com/events',
      })
      client = id
      provider.events.length = 0
    })

    it.each<[what: string, values: Record<string, unknown>]>([
      ['something else changes', { audit_days: 99 }],
      ['the same is written with other blanks', { registration_scopes: ' openid\nItem:read ' }],
    ])('tell such programs nothing when %s', async (_what, values) => {
      await save(values)
      expect(provider.events.filter((event) => event.client === client)).toEqual([])
    })
  })
})

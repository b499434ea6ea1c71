import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { ask, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { isFull, removeUnusedRegistrations } from './unused-registrations.ts'

const REGISTER = '/api/method/frappe.integrations.oauth2.register_client'
const DAY = 86_400
const TOOL = { redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none', client_name: 'A Tool' }
/** For one registration an hour and address. */
const MOST = 500

describe.each(engines)('programs that registered themselves and were never used, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
    const values = { dynamic_registration: 'Open', registration_scopes: 'openid', registrations_per_hour: 1, unused_registration_days: 30 }
    await provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })
  })
  afterAll(() => provider.close())

  const send = (address: number): Promise<Reply> => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': `198.18.${Math.floor(address / 250)}.${address % 250}` }
    return ask(provider, REGISTER, { method: 'POST', body: JSON.stringify(TOOL), headers })
  }
  const full = (): Promise<boolean> => isFull(provider.database.connection, 1, provider.now())

  it('are counted and tidied where nobody may register at all, too', async () => {
    const set = (registrations_per_hour: number): Promise<unknown> =>
      provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { registrations_per_hour } })
    await set(0)
    expect(await isFull(provider.database.connection, 0, provider.now())).toBe(false)
    expect(await removeUnusedRegistrations(provider)).toBe(0)
    expect((await send(1)).status).toBe(429)
    await set(1)
  })

  it('leave room for no more than the settings allow, from however many addresses, until the oldest go after a day', async () => {
    const first = await send(0)
    const { redirect_uris: redirectUris } = TOOL
    const others = Array.from({ length: MOST - 2 }, (_, i) => ({
      app_name: `Tool ${i}`,
      kind: 'native',
      dynamically_registered: 1,
      redirect_uris: redirectUris.join('\n'),
      default_redirect_uri: redirectUris[0],
      scopes: 'openid',
      state: 'Active',
    }))
    await provider.documents.insert(ADMINISTRATOR, 'OAuth Client', others)
    expect([first.status, (await send(1)).status]).toEqual([201, 201])
    const reply = await send(MOST)
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '3600'])
    expect(reply.text).toContain('System Managers')
    expect(await full()).toBe(true)
    provider.advance(DAY - 600)
    expect(await removeUnusedRegistrations(provider)).toBe(0)
    provider.advance(1200)
    expect(await removeUnusedRegistrations(provider)).toBe(MOST)
    expect(await full()).toBe(false)
    expect((await send(MOST + 1)).status).toBe(201)
    provider.advance(2 * DAY)
    expect(await removeUnusedRegistrations(provider)).toBe(0)
  }, 60_000)
})

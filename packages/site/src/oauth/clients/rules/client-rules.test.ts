import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { SETTINGS } from '../../settings.ts'
import { REDIRECT, person } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const good = { app_name: 'Field Sales', scopes: 'openid Item:read', redirect_uris: REDIRECT, default_redirect_uri: REDIRECT }
const alone = { redirect_uris: '', default_redirect_uri: '' }
const LEGACY = ['openid_acts_as_all', 'refresh_without_secret', 'token_document', 'short_verifier', 'hs256_id_token']

describe('what an OAuth Client may say', () => {
  let provider: Provider
  let clerk: string
  let manager: string
  let gone: string

  beforeAll(async () => {
    provider = await openProvider('sqlite', { httpRedirectHosts: ['erp.lan'] })
    clerk = await person(provider)
    manager = await person(provider, { roles: [{ role: 'System Manager' }] })
    gone = await person(provider, { enabled: 0 })
    const scope_sets = { sales: { title: 'Sales', scopes: ['Item:read'] } }
    await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { scope_sets } })
    await provider.generation.observe(await provider.generation.read())
  })
  afterAll(() => provider.close())

  const insert = async (values: object): Promise<Record<string, unknown>> => {
    const [document] = await provider.documents.insert(ADMINISTRATOR, 'OAuth Client', [{ ...good, ...values }])
    return document!
  }
  const users = (text: string): string => text.replace('CLERK', clerk).replace('MANAGER', manager).replace('GONE', gone)
  const named = (values: object): object => JSON.parse(users(JSON.stringify(values))) as object

  it.each<[values: object, sentence: RegExp]>([
    [{ access_token_lifetime: 59 }, /Access Token Lifetime must be 60 to 86400 seconds/],
    [{ access_token_lifetime: 86_401 }, /Access Token Lifetime must be 60 to 86400 seconds/],
    [{ idle_lifetime: 366 }, /Idle Lifetime must be 1 to 365 days/],
    [{ absolute_lifetime: 731 }, /Absolute Lifetime must be 1 to 730 days/],
    [{ requests_per_second: 1_000_001 }, /Requests Per Second must be 0 to 1000000/],
    [{ ip_ranges: '192.0.2.0/24\nhere' }, /IP Ranges, line 2: here is neither/],
    [{ allowed_origins: 'https://app.example.com/' }, /no path, no slash/],
    [{ allowed_origins: 'https://app.example.com:443' }, /as a browser sends it/],
    [{ allowed_origins: '*' }, /as a browser sends it/],
    [{ allowed_origins: 'null' }, /as a browser sends it/],
    [{ allowed_origins: 'http://app.example.com' }, /must be https/],
    [{ post_logout_redirect_uris: 'http://app.example.com/out' }, /The post-logout redirect URI .* must be https/],
    [{ backchannel_logout_uri: 'ftp://app.example.com' }, /The back-channel logout URI .* scheme ftp:/],
    [{ kind: 'native', event_uri: 'com.example.app:/events' }, /The event URI .* private scheme/],
    [{ event_uri: 'https://app.example.com/events#x' }, /The event URI .* fragment/],
    [{ event_uri: 'https://me@app.example.com/events' }, /The event URI .* must not name a user/],
    [{ client_uri: 'javascript:alert(1)' }, /Home Page must be a whole address/],
    [{ logo_uri: 'data:image/png;base64,xx' }, /Logo must be a whole address/],
    [{ row_filters: '{"Item":' }, /Row Filters is not valid JSON|not valid JSON/],
    [{ row_filters: '"Item"' }, /object of filters by DocType/],
    [{ row_filters: { Ghost: [['a', '=', 1]] } }, /DocType Ghost, which this site has not/],
    [{ row_filters: { Item: [] } }, /Row Filters of Item hold no filter/],
    [{ row_filters: { Item: [['title', 'near', 'X']] } }, /Row Filters of Item: /],
    [{ row_filters: { Item: [['ghost', '=', 'X']] } }, /Item has no field ghost/],
    [{ row_filters: { Item: [['User', 'email', '=', 'X']] } }, /own fields/],
    [{ row_filters: { User: [['new_password', '=', 'X']] } }, /new_password holds no value/],
    [{ row_filters: { 'Has Role': [['role', '=', 'X']] } }, /child table/],
    [{ scopes: 'all', row_filters: { Item: [['title', '=', 'X']] } }, /may not have the scope all/],
    [{ scopes: 'Item:read method:erp.go', row_filters: { Item: [['title', '=', 'X']] } }, /may not have the scope method:erp\.go/],
    [{ scopes: 'openid set:ghost' }, /set:ghost names a set/],
    [{ kind: 'service', ...alone }, /Service User: name the user/],
    [{ kind: 'agent', ...alone }, /Service User: name the user/],
    [{ kind: 'web', service_user: 'CLERK' }, /only an app of the kind service or agent/],
    [{ kind: 'service', ...alone, service_user: 'GONE' }, /is unknown or disabled/],
    [{ kind: 'service', ...alone, service_user: 'Administrator' }, /ANNEX_ALLOW_ADMINISTRATOR|Could not find/],
    [{ kind: 'service', ...alone, service_user: 'MANAGER' }, /is a System Manager/],
    [{ kind: 'web', ...alone }, /default_redirect_uri/],
    [{ kind: 'public', ...alone }, /default_redirect_uri/],
    [{ state: 'Retired' }, /cannot be retired already/],
    [{ state: 'Sleeping' }, /choose one of Active, Pending, Suspended, Retired/],
  ])('%j is refused', async (values, sentence) => {
    await expect(insert(named(values))).rejects.toMatchObject({ message: expect.stringMatching(sentence) as string })
  })

  it.each<[values: object]>([
    [{ kind: 'service', ...alone, service_user: 'CLERK' }],
    [{ kind: 'service', ...alone, service_user: 'MANAGER', unfenced: 1 }],
    [{ kind: 'agent', ...alone, service_user: 'CLERK' }],
    [{ kind: 'agent' }],
    [{ kind: 'native', ...alone }],
    [{ scopes: 'openid set:sales', required_scopes: 'set:sales' }],
    [{ ip_ranges: '192.0.2.0/24\n2001:db8::/32' }],
    [{ allowed_origins: 'https://app.example.com\nhttp://localhost:5173 http://127.0.0.1:8080' }],
    [{ post_logout_redirect_uris: 'https://app.example.com/out\nhttp://erp.lan/out' }],
    [{ backchannel_logout_uri: 'http://127.0.0.1:9/logout', event_uri: 'http://erp.lan/events' }],
    [{ row_filters: { Item: [['title', '=', 'X']], 'Sales Invoice': { owner: 'me@example.com' } } }],
    [Object.fromEntries(LEGACY.map((field) => [field, 1]))],
    [{ client_uri: 'https://app.example.com', logo_uri: 'https://app.example.com/logo.png' }],
  ])('%j is taken', async (values) => {
    expect(await insert(named(values))).toMatchObject({ enabled: 1, state: 'Active' })
  })

  it('counts 0 as the lifetime that apps have by themselves', async () => {
    const values = { access_token_lifetime: 0, idle_lifetime: 0, absolute_lifetime: 0 }
    expect(await insert(values)).toMatchObject({ access_token_lifetime: 3600, idle_lifetime: 30, absolute_lifetime: 90 })
  })

  it.each([...LEGACY, 'unfenced'])('H02: %s is for no app that keeps no secret, and for none that registered itself', async (field) => {
    for (const kind of ['public', 'native'])
      await expect(insert({ kind, [field]: 1 })).rejects.toMatchObject({
        message: expect.stringMatching(/only an app that keeps a secret/) as string,
      })
    await expect(insert({ dynamically_registered: 1, [field]: 1 })).rejects.toMatchObject({
      message: expect.stringMatching(/an app that registered itself gets no such exception/) as string,
    })
  })

  it.each(['skip_authorization', 'trusted'])('H02: %s is for no app that registered itself, now or later', async (field) => {
    const sentence = expect.stringMatching(/always asks its users/) as string
    await expect(insert({ dynamically_registered: 1, [field]: 1 })).rejects.toMatchObject({ message: sentence })
    const made = await insert({ dynamically_registered: 1 })
    const values = { dynamically_registered: 0, [field]: 1 }
    await expect(
      provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Client', name: String(made['name']), values }),
    ).rejects.toMatchObject({ message: sentence })
  })

  it.each(['all', '*:read'])('F13: an app that registered itself may have %s only when the settings name it', async (scope) => {
    await expect(insert({ dynamically_registered: 1, scopes: `openid ${scope}` })).rejects.toMatchObject({
      message: expect.stringMatching(/only when OAuth Settings name it/) as string,
    })
    const allow = async (registration_scopes: string): Promise<void> => {
      await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { registration_scopes } })
      await provider.generation.observe(await provider.generation.read())
    }
    await allow(`openid ${scope}`)
    expect(await insert({ dynamically_registered: 1, scopes: `openid ${scope}` })).toMatchObject({ state: 'Active' })
    await allow('openid')
  })
})

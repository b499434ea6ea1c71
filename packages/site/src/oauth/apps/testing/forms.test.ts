import { describe, expect, it } from 'vitest'
import { APP_FIELDS } from '../../../pages/apps/app-fields.ts'
import { SETTING_FIELDS } from '../../../pages/apps/settings-fields.ts'
import { fieldValues, formValues, relaxationsOf, shownFields, shownValues, suggestedValues } from '../connected-app-form.ts'
import { settingValues, shownSettings } from '../pages/settings-form.ts'
import { userNameOf, userPathOf } from '../people/user-paths.ts'

const EMPTY = {
  app_name: '',
  redirect_uris: '',
  scopes: '',
  required_scopes: '',
  optional_scopes: '',
  pkce_required: false,
  kind: 'web',
}
const POSTED = {
  app_name: 'Depot',
  redirect_uris: 'https://a.example/cb\r\nhttps://b.example/cb',
  scopes: 'openid Item:read',
  required_scopes: 'openid',
  optional_scopes: 'Item:read',
  pkce_required: '1',
  kind: 'native',
}

describe('the form of an app', () => {
  it('shows nothing, what was posted, or what is stored', () => {
    expect(shownValues(undefined)).toEqual(EMPTY)
    expect(shownValues(new URLSearchParams())).toEqual(EMPTY)
    expect(shownValues({})).toEqual(EMPTY)
    expect(shownValues(new URLSearchParams(POSTED))).toEqual({ ...POSTED, pkce_required: true })
    expect(shownValues(new URLSearchParams({ ...POSTED, pkce_required: '0' }))).toMatchObject({ pkce_required: false })
    const { pkce_required: _, ...stored } = POSTED
    expect(
      shownValues({
        ...stored,
        redirect_uris: 'https://b.example/cb https://a.example/cb',
        default_redirect_uri: 'https://a.example/cb',
        require_pkce: 1,
      }),
    ).toEqual({ ...POSTED, redirect_uris: 'https://a.example/cb\nhttps://b.example/cb', pkce_required: true })
    expect(shownValues({ require_pkce: 0, pkce_required: '1' })).toMatchObject({ pkce_required: false })
  })

  it('takes from a link what it names, of kinds those that act for people, and begins with the rest as it always does', () => {
    const BEGUN = { ...EMPTY, scopes: 'openid profile email', pkce_required: true }
    expect(suggestedValues(new URLSearchParams())).toEqual(BEGUN)
    expect(suggestedValues(new URLSearchParams('app_name=Depot&scopes=&kind=&redirect_uris=&optional_scopes=Item:read'))).toEqual({
      ...BEGUN,
      app_name: 'Depot',
      optional_scopes: 'Item:read',
    })
    const kinds = ['web', 'native', 'public', 'service', 'agent', 'x'].map((kind) => suggestedValues(new URLSearchParams({ kind })).kind)
    expect(kinds).toEqual(['web', 'native', 'public', 'web', 'web', 'web'])
  })

  it('is stored with the first redirect URI as the default one', () => {
    expect(formValues(shownValues(new URLSearchParams(POSTED)))).toEqual({
      app_name: 'Depot',
      kind: 'native',
      redirect_uris: 'https://a.example/cb\nhttps://b.example/cb',
      default_redirect_uri: 'https://a.example/cb',
      scopes: 'openid Item:read',
      required_scopes: 'openid',
      optional_scopes: 'Item:read',
      require_pkce: 1,
    })
    expect(formValues(EMPTY)).toMatchObject({ redirect_uris: '', default_redirect_uri: '', require_pkce: 0 })
  })

  it('shows every further setting, posted or stored', () => {
    const names = APP_FIELDS.map(({ name }) => name)
    const none = Object.fromEntries(names.map((name) => [name, '']))
    expect(shownFields(new URLSearchParams())).toEqual(none)
    expect(shownFields({})).toEqual(none)
    expect(shownFields(new URLSearchParams({ contact: ' ops ', allowed_roles: 'All', unfenced: '1' }))).toEqual({
      ...none,
      contact: ' ops ',
      allowed_roles: 'All',
      unfenced: '1',
    })
    expect(shownFields({ contact: 'ops', requests_per_second: 5, allowed_roles: [{ role: 'All' }, { role: 'Boss' }, null] })).toEqual({
      ...none,
      contact: 'ops',
      requests_per_second: '5',
      allowed_roles: 'All\nBoss\n',
    })
  })

  it('stores further settings when it was sent with them, each as what it is', () => {
    expect(fieldValues(undefined)).toEqual({})
    expect(fieldValues(new URLSearchParams({ contact: 'ops' }))).toEqual({})
    expect(fieldValues(new URLSearchParams({ contact: 'ops', all_settings: '0' }))).toEqual({})
    const values = fieldValues(
      new URLSearchParams({
        all_settings: '1',
        contact: ' ops ',
        client_uri: ' ',
        allowed_roles: ' All \r\n\n Boss',
        unfenced: '1',
        token_document: 'on',
        requests_per_second: ' 5 ',
        concurrent_requests: '',
        revoke_mode: 'grant',
      }),
    )
    expect(Object.keys(values)).toEqual(APP_FIELDS.map(({ name }) => name))
    expect(values).toMatchObject({
      contact: 'ops',
      client_uri: null,
      logo_uri: null,
      allowed_roles: [{ role: 'All' }, { role: 'Boss' }],
      unfenced: 1,
      token_document: 0,
      skip_authorization: 0,
      requests_per_second: '5',
      concurrent_requests: 0,
      revoke_mode: 'grant',
    })
  })

  it('says what was loosened, and how often it was used', () => {
    const used = [{ kind: 'tokenDocument', count: 3, lastUsed: 1_699_963_200_000_000 }] as unknown as Parameters<typeof relaxationsOf>[1]
    const said = (document: Record<string, unknown>): string[] => relaxationsOf(document, used, 'UTC')
    expect(said({ kind: 'web', require_pkce: 1 })).toEqual([])
    expect(said({ kind: 'native', require_pkce: 0 })).toEqual([])
    expect(said({ kind: 'web', require_pkce: 0, skip_authorization: 1, unfenced: 1, revoke_mode: 'token-only' })).toEqual([
      'PKCE is not required',
      'people are not asked for consent',
      'the scope all reaches users, permissions and apps',
      'revoking one token leaves the others alive',
    ])
    expect(said({ skip_authorization: 0, unfenced: 0, revoke_mode: 'grant', token_document: 0 })).toEqual([])
    const legacy = { openid_acts_as_all: 1, refresh_without_secret: 1, token_document: 1, short_verifier: 1, hs256_id_token: 1 }
    expect(said(legacy)).toEqual([
      'a token with openid reads all that its user may (not used yet)',
      'it renews its tokens without its secret (not used yet)',
      'it may read its own token as a document (used 3 times, last 2023-11-14 12:00)',
      'its PKCE verifiers may be too short (not used yet)',
      'its id_tokens are signed with its secret (not used yet)',
    ])
    const kinds = ['openidActsAsAll', 'refreshWithoutSecret', 'tokenDocument', 'shortVerifier', 'hs256IdToken']
    const all = kinds.map((kind) => ({ kind, count: 1, lastUsed: 0 })) as unknown as typeof used
    expect(relaxationsOf(legacy, all, 'UTC').every((text) => text.endsWith('(used 1 times, last 1970-01-01 00:00)'))).toBe(true)
  })
})

describe('the form of the settings', () => {
  const numbers = Object.fromEntries(SETTING_FIELDS.filter(({ kind }) => kind === 'number').map(({ name }) => [name, '7']))

  it('shows what is stored, and what was posted without the line ends of browsers', () => {
    const none = Object.fromEntries(SETTING_FIELDS.map(({ name }) => [name, '']))
    expect(shownSettings({})).toEqual(none)
    expect(shownSettings({ audit_days: 7, api_access: 'Off' })).toEqual({ ...none, audit_days: '7', api_access: 'Off' })
    expect(shownSettings(new URLSearchParams())).toEqual(none)
    expect(shownSettings(new URLSearchParams({ scope_sets: ' {\r\n}\r\n', audit_days: ' 7 ' }))).toEqual({
      ...none,
      scope_sets: '{\n}',
      audit_days: '7',
    })
  })

  it('stores text, nothing for an empty box, and numbers of digits alone', () => {
    const values = settingValues({ ...numbers, api_access: 'On', scope_sets: '' })
    expect(Object.keys(values)).toEqual(SETTING_FIELDS.map(({ name }) => name))
    expect(values).toMatchObject({ ...numbers, api_access: 'On', scope_sets: null, registration_scopes: null })
    for (const text of ['', ' ', '-1', '1.5', 'x', '1e3', '1234567890', 'a1', '1a'])
      expect(() => settingValues({ ...numbers, audit_days: text }), text).toThrow(
        'The trail is kept for: type a whole number of digits alone',
      )
    expect(settingValues({ ...numbers, audit_days: '123456789' })).toMatchObject({ audit_days: '123456789' })
  })
})

describe('the name of a user', () => {
  it.each([
    [' Ann@Example.com ', 'ann@example.com'],
    ['administrator', 'Administrator'],
    ['ADMINISTRATOR', 'Administrator'],
    ['', ''],
    [null, ''],
    [undefined, ''],
  ])('%j is kept as %j', (typed, name) => {
    expect(userNameOf(typed)).toBe(name)
  })

  it('stands in the address of their page', () => {
    expect([userPathOf('a b@c'), userPathOf('x', '/page')]).toEqual(['/connected-apps/user?user=a%20b%40c', '/page?user=x'])
  })
})

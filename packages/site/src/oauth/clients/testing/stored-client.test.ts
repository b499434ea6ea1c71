import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { person } from '../../testing/app.fixture.ts'
import { clientOf } from '../../testing/client.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { listAllowedOrigins, readClient } from '../clients-store.ts'

const SECOND = 1_000_000
const DAY = 86_400 * SECOND
const URI = 'https://app.example.com/cb'
const LEAST = { app_name: 'Least', scopes: 'openid', default_redirect_uri: URI }

describe.each(engines)('an app as it is stored, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const insert = async (values: object): Promise<string> => (await provider.oauth.clients.insert(ADMINISTRATOR, { ...LEAST, ...values })).id
  const read = (id: string) => readClient(provider.database.connection, id)
  const readOf = async (values: object) => read(await insert(values))

  it('is read with the defaults of what nobody said', async () => {
    const id = await insert({})
    expect(await read(id)).toEqual(
      clientOf({
        id,
        name: 'Least',
        scopes: ['openid'],
        authorizationPolicy: 'Roles',
        allowedRoles: ['Desk User'],
        rotationLeeway: expect.any(Number) as number,
        lifetimes: { access: 3600 * SECOND, idle: 30 * DAY, absolute: 90 * DAY },
      }),
    )
  })

  it('is read with all that somebody said', async () => {
    const clerk = await person(provider)
    const id = await insert({
      app_name: 'Most',
      kind: 'agent',
      state: 'Suspended',
      redirect_uris: `${URI}\nhttps://app.example.com/two`,
      scopes: 'openid Item:read\nItem:write',
      required_scopes: 'openid',
      optional_scopes: 'Item:write',
      authorization_policy: 'Everyone',
      allowed_roles: [{ role: 'Desk User' }, { role: 'System Manager' }],
      row_filters: '{"Item":[["title","=","X"]]}',
      service_user: clerk,
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo.png',
      contact: 'ann@example.com',
      skip_authorization: 1,
      unfenced: 1,
      require_pkce: 1,
      rotation_leeway: 7,
      access_token_lifetime: 61,
      idle_lifetime: 2,
      absolute_lifetime: 3,
      ip_ranges: '192.0.2.0/24\n2001:db8::/32',
      allowed_origins: 'https://app.example.com',
      requests_per_second: 5,
      concurrent_requests: 6,
      post_logout_redirect_uris: 'https://app.example.com/out',
      backchannel_logout_uri: 'https://app.example.com/backchannel',
      event_uri: 'https://app.example.com/events',
      openid_acts_as_all: 1,
      refresh_without_secret: 1,
      token_document: 1,
      short_verifier: 1,
      hs256_id_token: 1,
      rs256_id_token: 1,
      revoke_mode: 'token-only',
    })
    expect(await read(id)).toMatchObject({
      name: 'Most',
      enabled: false,
      state: 'Suspended',
      kind: 'agent',
      redirectUris: [URI, 'https://app.example.com/two'],
      scopes: ['openid', 'Item:read', 'Item:write'],
      requiredScopes: ['openid'],
      optionalScopes: ['Item:write'],
      authorizationPolicy: 'Everyone',
      rowFilters: expect.stringContaining('"title"') as string,
      serviceUser: clerk,
      homePage: 'https://app.example.com',
      logo: 'https://app.example.com/logo.png',
      contact: 'ann@example.com',
      trusted: true,
      unfenced: true,
      requiresPkce: true,
      rotationLeeway: 7 * SECOND,
      lifetimes: { access: 61 * SECOND, idle: 2 * DAY, absolute: 3 * DAY },
      ipRanges: ['192.0.2.0/24', '2001:db8::/32'],
      allowedOrigins: ['https://app.example.com'],
      budget: { requestsPerSecond: 5, concurrentRequests: 6 },
      postLogoutRedirectUris: ['https://app.example.com/out'],
      backchannelLogoutUri: 'https://app.example.com/backchannel',
      eventUri: 'https://app.example.com/events',
      legacy: { openidActsAsAll: true, refreshWithoutSecret: true, tokenDocument: true, shortVerifier: true, hs256IdToken: true },
      rs256IdToken: true,
      revokesTokenOnly: true,
    })
    expect((await read(id))?.allowedRoles.toSorted()).toEqual(['Desk User', 'System Manager'])
  })

  it('has no roles where none are left', async () => {
    const id = await insert({})
    await sql`delete from "tabOAuth Client Role" where parent = ${id}`.execute(provider.database.connection)
    expect((await read(id))?.allowedRoles).toEqual([])
  })

  it('is nobody under another name', async () => {
    expect(await read('nobody')).toBeUndefined()
    expect(await read('')).toBeUndefined()
  })

  it('is used for codes unless it was registered for the implicit grant', async () => {
    expect((await readOf({ grant_type: 'Implicit', response_type: 'Token' }))?.usesCodes).toBe(false)
    expect((await readOf({ authorization_policy: 'After Approval' }))?.authorizationPolicy).toBe('After Approval')
  })

  it('is told nothing any more when it is retired', async () => {
    const id = await insert({ event_uri: 'https://app.example.com/events', backchannel_logout_uri: 'https://app.example.com/out' })
    await provider.oauth.clients.retire(ADMINISTRATOR, id)
    expect(await read(id)).toMatchObject({ state: 'Retired', enabled: false, eventUri: undefined, backchannelLogoutUri: undefined })
  })

  it.each<
    [column: string, stored: number | string | null, path: (client: NonNullable<Awaited<ReturnType<typeof read>>>) => unknown, is: unknown]
  >([
    ['access_token_lifetime', 5, (client) => client.lifetimes.access, 60 * SECOND],
    ['access_token_lifetime', 100_000, (client) => client.lifetimes.access, 86_400 * SECOND],
    ['access_token_lifetime', 0, (client) => client.lifetimes.access, 3600 * SECOND],
    ['idle_lifetime', -1, (client) => client.lifetimes.idle, DAY],
    ['idle_lifetime', 999, (client) => client.lifetimes.idle, 365 * DAY],
    ['idle_lifetime', 0, (client) => client.lifetimes.idle, 30 * DAY],
    ['absolute_lifetime', -1, (client) => client.lifetimes.absolute, DAY],
    ['absolute_lifetime', 999, (client) => client.lifetimes.absolute, 730 * DAY],
    ['absolute_lifetime', 0, (client) => client.lifetimes.absolute, 90 * DAY],
    ['rotation_leeway', -1, (client) => client.rotationLeeway, 0],
    ['rotation_leeway', 99, (client) => client.rotationLeeway, 60 * SECOND],
    ['authorization_policy', null, (client) => client.authorizationPolicy, 'Roles'],
    ['authorization_policy', 'Nobody', (client) => client.authorizationPolicy, 'Roles'],
    ['kind', null, (client) => client.kind, 'web'],
    ['state', null, (client) => client.state, 'Active'],
    ['enabled', 0, (client) => client.state, 'Suspended'],
    ['enabled', 0, (client) => client.enabled, false],
    ['grant_type', null, (client) => client.usesCodes, true],
    ['default_redirect_uri', null, (client) => client.defaultRedirectUri, ''],
    ['row_filters', '', (client) => client.rowFilters, undefined],
    ['service_user', '', (client) => client.serviceUser, undefined],
    ['client_uri', '', (client) => client.homePage, undefined],
    ['logo_uri', '', (client) => client.logo, undefined],
    ['contact', '', (client) => client.contact, undefined],
    ['event_uri', '', (client) => client.eventUri, undefined],
    ['backchannel_logout_uri', '', (client) => client.backchannelLogoutUri, undefined],
    ['revoke_mode', 'grant', (client) => client.revokesTokenOnly, false],
  ])('that was written past its rules, with %s = %j, is kept within them', async (column, stored, path, is) => {
    const id = await insert({})
    await sql`update "tabOAuth Client" set ${sql.ref(column)} = ${stored} where name = ${id}`.execute(provider.database.connection)
    const client = await read(id)
    expect(client && path(client)).toEqual(is)
  })

  it('lends its origins to the site while it is active', async () => {
    const origins = () => listAllowedOrigins(provider.database.connection)
    const before = await origins()
    const id = await insert({ allowed_origins: 'https://one.example\nhttps://two.example' })
    await insert({ allowed_origins: 'https://two.example', state: 'Suspended' })
    await insert({ allowed_origins: 'https://three.example', state: 'Suspended' })
    await insert({ allowed_origins: '' })
    expect(await origins()).toEqual(new Set([...before, 'https://one.example', 'https://two.example']))
    await provider.oauth.clients.setState(ADMINISTRATOR, id, 'Suspended')
    expect(await origins()).toEqual(before)
  })
})

describe('a database that was not migrated', () => {
  it('is named as the fault when an app is read', async () => {
    const provider = await openProvider('sqlite')
    try {
      await sql`delete from oauth_state`.execute(provider.database.connection)
      await expect(readClient(provider.database.connection, 'x')).rejects.toThrow('The database has no oauth_state; it was not migrated')
    } finally {
      await provider.close()
    }
  })
})

import type { DocType } from '@annex/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { register } from '../../testing/app.fixture.ts'
import { clientOf } from '../../testing/client.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { parseIds } from '../grants.ts'
import { readGrant } from '../grants-store.ts'
import { requireServiceGrant } from './service-grants.ts'

const HOUR = 3_600_000_000

describe.each(engines)('the grant of an app itself, on %s', (engine) => {
  let provider: Provider
  let round = 0
  let ids: Record<string, string>

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  beforeEach(() => {
    round += 1
    ids = { Item: 'i1', Deal: 'd1' }
  })
  afterAll(() => provider.close())

  const client = (scopes = ['*:read'], absolute = 24 * HOUR) =>
    clientOf({ id: `app${round}`, kind: 'service', scopes, lifetimes: { access: HOUR, idle: HOUR, absolute } })
  const doctypeOf = (name: string): DocType | undefined => (ids[name] === undefined ? undefined : ({ name, id: ids[name] } as DocType))
  const require = async (scopes: string[], app = client(), user = 'robot') => {
    const { id } = await requireServiceGrant({ ...provider, doctypeOf }, { client: app, user, scopes })
    return (await readGrant(provider.database.connection, id))!
  }

  it('is made once, holds all that the app may, and lives as long as the app’s grants do', async () => {
    const grant = await require(['Item:read'])
    expect(grant).toMatchObject({
      kind: 'service',
      user: 'robot',
      requested: '*:read',
      granted: '*:read',
      rejected: '',
      doctype_ids: '{"Item":"i1"}',
      session: null,
    })
    expect([grant.expires - grant.created, Math.abs(grant.auth_time - grant.created) < HOUR]).toEqual([24 * HOUR, true])
    expect((await require(['Item:read'])).id).toBe(grant.id)
    expect((await require([])).id).toBe(grant.id)
    expect((await require(['Item:read'], client(), 'another robot')).id).not.toBe(grant.id)
  })

  it('is made anew for a DocType that it did not know, and knows what the one before knew', async () => {
    const first = await require(['Item:read'])
    const second = await require(['Deal:read'])
    expect(second.id).not.toBe(first.id)
    expect(parseIds(second.doctype_ids)).toEqual({ Item: 'i1', Deal: 'd1' })
    provider.advance(1)
    expect((await require(['Item:read', 'Deal:read'])).id).toBe(second.id)
  })

  it('is made anew for a namesake, and forgets what is gone or another by now', async () => {
    const first = await require(['Item:read', 'Deal:read'])
    ids = { Item: 'i2' }
    provider.advance(1)
    const second = await require(['Item:read'])
    expect([second.id === first.id, parseIds(second.doctype_ids)]).toEqual([false, { Item: 'i2' }])
    ids = { Item: 'i3', Deal: 'd1' }
    provider.advance(1)
    expect(parseIds((await require(['Deal:read'])).doctype_ids)).toEqual({ Deal: 'd1' })
  })

  it('is made anew when the rights of its app have changed', async () => {
    const first = await require(['Item:read'])
    provider.advance(1)
    const second = await require(['Item:read'], client(['*:read', 'Item:write']))
    expect([second.id === first.id, second.granted]).toEqual([false, '*:read Item:write'])
  })

  it('is made anew before it ends within the life of a token', async () => {
    const first = await require(['Item:read'], client(['*:read'], 2 * HOUR))
    provider.advance(3599)
    expect((await require(['Item:read'], client(['*:read'], 2 * HOUR))).id).toBe(first.id)
    provider.advance(2)
    expect((await require(['Item:read'], client(['*:read'], 2 * HOUR))).id).not.toBe(first.id)
  })

  it('is one for all who ask at a time', async () => {
    const app = { ...client(), id: (await register(provider)).id }
    const grants = await Promise.all(Array.from({ length: 5 }, () => require(['Item:read'], app)))
    expect(new Set(grants.map(({ id }) => id)).size).toBe(1)
  })
})

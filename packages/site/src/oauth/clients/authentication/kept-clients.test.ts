import { Generation, type Database } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { Limits } from '../../../http/limits.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register, type App } from '../../testing/app.fixture.ts'
import { watched } from '../../testing/failing-database.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { ClientAuthentication } from './client-authentication.ts'
import { KeptClients } from './kept-clients.ts'

const DAY = 86_400_000_000

/** A process of its own on the same database: it is told of nothing and must find out. */
class OtherProcess {
  readonly #authentication: ClientAuthentication
  statements = 0
  /** Microseconds that its clock goes ahead. */
  ahead = 0

  /** @param onKnown - what is asked once an app has proven itself */
  constructor({ database, oauth, now }: Provider, onKnown = async (): Promise<void> => undefined) {
    const counted: Database = watched(database, () => void (this.statements += 1))
    this.#authentication = new ClientAuthentication({
      database: counted,
      // Its number is read beside what is counted here.
      generation: new Generation(database),
      now: () => now() + this.ahead,
      failures: new Limits({ points: 1000, seconds: 60 }),
      uses: oauth.clients.uses,
      audit: { refuse: async () => '' },
      onKnown,
    })
  }

  /** Whether it lets the app in, and by what it knows it. */
  async name({ id, secret }: Pick<App, 'id' | 'secret'>): Promise<string | undefined> {
    const parameters = new Map([
      ['client_id', id],
      ['client_secret', secret],
    ])
    const client = await this.#authentication.require({ parameters, authorization: undefined, ip: '192.0.2.1' }).catch(() => undefined)
    return client?.name
  }
}

describe.each(engines)('an app that is kept in memory on %s', (engine) => {
  let provider: Provider
  let other: OtherProcess
  let app: App

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())
  beforeEach(async () => {
    other = new OtherProcess(provider)
    app = await register(provider, { app_name: 'Kept' })
    expect(await other.name(app)).toBe('Kept')
  })

  const clients = () => provider.oauth.clients

  it('is not read again, nor are its secrets, and no more is who is nobody', async () => {
    await other.name({ id: 'nobody', secret: 'x' })
    other.statements = 0
    expect([await other.name(app), await other.name({ ...app, secret: 'x' }), await other.name({ id: 'nobody', secret: 'x' })]).toEqual([
      'Kept',
      undefined,
      undefined,
    ])
    expect(other.statements).toBe(0)
  })

  it.each<[what: string, change: () => Promise<unknown>, name: string | undefined]>([
    ['changed', () => clients().update(ADMINISTRATOR, app.id, { app_name: 'Changed' }), 'Changed'],
    ['suspended', () => clients().setState(ADMINISTRATOR, app.id, 'Suspended'), undefined],
    ['retired', () => clients().retire(ADMINISTRATOR, app.id), undefined],
    ['removed', () => provider.documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name: app.id }), undefined],
    ['given another secret at once', () => clients().rotateSecret(ADMINISTRATOR, app.id, 0), undefined],
    ['given another secret from tomorrow on', () => clients().rotateSecret(ADMINISTRATOR, app.id, DAY), 'Kept'],
  ])('is known as it is now by the next request of another process when it was %s', async (_what, change, name) => {
    await change()
    expect(await other.name(app)).toBe(name)
  })

  it('is let in again as soon as it is no longer suspended', async () => {
    await clients().setState(ADMINISTRATOR, app.id, 'Suspended')
    expect(await other.name(app)).toBeUndefined()
    await clients().setState(ADMINISTRATOR, app.id, 'Active')
    expect(await other.name(app)).toBe('Kept')
  })

  it('has one secret less when one was ended, and one more when one was made', async () => {
    const { secret } = await clients().rotateSecret(ADMINISTRATOR, app.id, DAY)
    expect([await other.name(app), await other.name({ ...app, secret })]).toEqual(['Kept', 'Kept'])
    const [, older] = await clients().listSecrets(ADMINISTRATOR, app.id)
    await clients().endSecret(ADMINISTRATOR, app.id, older?.id ?? '')
    expect([await other.name(app), await other.name({ ...app, secret })]).toEqual([undefined, 'Kept'])
  })

  it('shows a secret in vain from the moment that it ends, though nothing is written then', async () => {
    const { oldUntil = 0, secret } = await clients().rotateSecret(ADMINISTRATOR, app.id, DAY)
    // Half a second before the end it is read, half a second after it it is still kept.
    other.ahead = oldUntil - provider.now() - 500_000
    expect(await other.name(app)).toBe('Kept')
    other.statements = 0
    other.ahead += 500_001
    expect([await other.name(app), await other.name({ ...app, secret }), other.statements]).toEqual([undefined, 'Kept', 1])
  })

  it('that was changed by hand, past the site, is seen a second later', async () => {
    await sql`update "tabOAuth Client" set enabled = 0 where name = ${app.id}`.execute(provider.database.connection)
    await sql`delete from client_secret where client = ${app.id}`.execute(provider.database.connection)
    other.ahead += 1_000_000
    expect(await other.name(app)).toBeUndefined()
  })

  it('is let in by all who ask at once, while it is read for the first of them', async () => {
    const fresh = new OtherProcess(provider)
    expect(await Promise.all([fresh.name(app), fresh.name(app), fresh.name({ ...app, secret: 'x' })])).toEqual(['Kept', 'Kept', undefined])
  })

  it('is not let in where its budget is used up, be it found out a little later', async () => {
    const spent = new OtherProcess(provider, () => Promise.reject(new Error('used up')))
    expect(await spent.name(app)).toBeUndefined()
  })

  it('is read again when it could not be read', async () => {
    await sql`alter table client_secret rename to client_secret_away`.execute(provider.database.connection)
    const fresh = new OtherProcess(provider)
    expect(await fresh.name(app)).toBeUndefined()
    await sql`alter table client_secret_away rename to client_secret`.execute(provider.database.connection)
    expect(await fresh.name(app)).toBe('Kept')
  })

  describe('among many ids', () => {
    let kept: KeptClients
    let statements: number

    beforeEach(() => {
      statements = 0
      const database = watched(provider.database, () => void (statements += 1))
      const time = provider.now()
      kept = new KeptClients({ database, generation: new Generation(provider.database), now: () => time })
    })

    const isReadAnew = async (id: string): Promise<boolean> => {
      const before = statements
      await kept.read(id)
      return statements > before
    }

    it('an app in use is kept however many are asked for that are nobody’s, and of those two thousand at most', async () => {
      await kept.read('first')
      await kept.read(app.id)
      for (let asked = 0; asked < 2000; asked += 1) {
        await kept.read(`nobody ${asked}`)
        if (asked % 500 === 0) expect(await isReadAnew(app.id)).toBe(false)
      }
      expect([await isReadAnew(app.id), await isReadAnew('nobody 1999'), await isReadAnew('first')]).toEqual([false, false, true])
    }, 120_000)

    it('a name that no app can have is not kept', async () => {
      const [longest, longer] = ['x'.repeat(140), 'x'.repeat(141)]
      expect(await Promise.all([kept.read(longest), kept.read(longer)])).toMatchObject([{ client: undefined }, { client: undefined }])
      expect([await isReadAnew(longest), await isReadAnew(longer)]).toEqual([false, true])
    })
  })

  it('that registers makes no process read anew what it keeps', async () => {
    const before = await provider.generation.read()
    const fresh = await register(provider, { app_name: 'Fresh' })
    expect([await provider.generation.read(), await other.name(fresh)]).toEqual([before, 'Fresh'])
  })
})

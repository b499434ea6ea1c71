import { describe, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register } from '../../testing/app.fixture.ts'
import { openProvider } from '../../testing/provider.fixture.ts'
import { Closings } from './closings.ts'

const MANY = Number(process.env['MANY'] ?? 4000)
describe.each(engines)('measure %s', (engine) => {
  it('ends', async () => {
    const provider = await openProvider(engine)
    await provider.oauth.close()
    const app = await register(provider, {
      scopes: 'openid Item:read',
      event_uri: 'https://app.example.com/events',
      backchannel_logout_uri: 'https://app.example.com/out',
    })
    for (let done = 0; done < MANY; done += 500)
      await provider.database.transaction(async (connection) => {
        for (let at = done; at < done + 500; at += 1) {
          const user = `user${at}@example.com`
          await provider.accounts.insert(connection, { user, enabled: true, firstName: 'a', lastName: null, fullName: 'a', userImage: null, systemUser: true })
          await provider.grants.insert(connection, { client: app.id, user, requested: ['openid'], granted: ['openid'], rejected: [], doctypeIds: {}, authTime: 1 })
        }
      })
    const first = performance.now()
    await provider.audit.from({ user: ADMINISTRATOR.user }, () => provider.oauth.clients.retire(ADMINISTRATOR, app.id))
    const decided = performance.now() - first
    const times: number[] = []
    const database = {
      ...provider.database,
      connection: provider.database.connection,
      transaction: async (work: never, options: never) => {
        const t: { begin?: number } = {}
        const inner = async (connection: never) => {
          t.begin = performance.now()
          return (work as (c: never) => Promise<unknown>)(connection)
        }
        const answer = await provider.database.transaction(inner as never, options)
        times.push(performance.now() - t.begin!)
        return answer
      },
    }
    const one = new Closings({
      ...provider,
      database: database as never,
      users: { principal: (user: string) => provider.principals.of(user) },
      onFault: (error) => void console.log(error),
    })
    const begin = performance.now()
    const cpu = process.cpuUsage()
    await one.run()
    const took = performance.now() - begin
    const used = process.cpuUsage(cpu)
    await one.close()
    const sorted = times.toSorted((a, b) => a - b)
    const q = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1)
    process.stderr.write(
      `\nMEASURED ${engine}: ${Math.round(MANY / (took / 1000))} grants/s, ${Math.round(took)} ms of it cpu ${Math.round((used.user + used.system) / 1000)}; decided ${Math.round(decided)} ms; batches ${times.length}: ${q(0.5)} ${q(0.99)} ${q(1)}\n`,
    )
    await provider.close().catch(() => {})
  }, 280_000)
})

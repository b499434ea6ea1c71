import { migrate } from '@annex/database'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openAuditWorld, type AuditWorld } from '../../audit/audit.fixture.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import { identityMigrations } from '../identity-migrations.ts'
import { SignIn } from '../sign-in.ts'
import type { Sessions } from './sessions.ts'

describe.each(engines)('A wrong password on %s', (engine) => {
  let world: AuditWorld
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    world = await openAuditWorld(engine)
    await migrate(world.database, identityMigrations)
  })
  afterEach(async () => {
    vi.useRealTimers()
    await world.close()
  })

  const wrong = async (user: string, known: readonly string[]): Promise<void> => {
    const accounts = {
      checkPassword: async () => undefined,
      read: async (name: string) => (known.includes(name) ? ({ user: name, enabled: true } as Account) : undefined),
    } as unknown as Accounts
    const door = new SignIn({ ...world, accounts, sessions: {} as Sessions })
    await expect(door.start({ user, password: 'x', ip: '192.0.2.1' })).rejects.toThrow('Invalid login credentials')
  }
  const remembered = async (): Promise<(string | null)[]> =>
    (await world.trail.latest({ event: 'sign-in refused' }, 10)).map(({ user }) => user)

  it('is answered before anything is written, so that the time does not tell which users there are', async () => {
    await wrong('alice@example.com', ['alice@example.com'])
    await wrong('nobody@example.com', ['alice@example.com'])
    expect(await remembered()).toEqual([])
    vi.advanceTimersByTime(1000)
    await world.audit.flush()
    expect(await remembered()).toEqual(['alice@example.com'])
  })

  it('that comes again is counted, and is at the end one sum', async () => {
    for (let n = 0; n < 5; n += 1) await wrong('alice@example.com', ['alice@example.com'])
    await world.audit.close()
    const rows = await world.trail.latest({ event: 'sign-in refused' }, 10)
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(5)
    expect(new Set(rows.map(({ incident }) => incident)).size).toBe(1)
  })
})

import { Chain } from './audit/chain/chain.ts'
import type { Signer } from './audit/chain/signer.ts'
import { Trail } from './audit/trail.ts'
import type { Rooms } from './rooms.ts'

const HOUR = 3_600_000

export interface OpenTrail {
  readonly trail: Trail
  /** Writes and seals all that is remembered. To be called before the database is closed, when nobody writes any more. */
  close(): Promise<void>
}

/** The trail of a running site: sealed as it grows, pruned by the hour as the site's policy says. */
export function openTrail(rooms: Rooms, signer: Signer, onFault: (error: unknown) => void): OpenTrail {
  const { database, audit, clock, settings } = rooms
  const now = (): number => clock.now()
  const chain = new Chain({ database, signer, now, people: audit.people, onFault })
  const trail = new Trail({ database, audit, signer, now })
  audit.onFault(onFault)
  audit.onWrite(() => chain.wake())
  // What a process that was killed has left.
  chain.wake()
  const prune = async (): Promise<unknown> => trail.prune((await settings.read()).auditDays)
  const pruning = setInterval(() => void prune().catch(onFault), HOUR).unref()
  return {
    trail,
    close: async () => {
      clearInterval(pruning)
      await audit.close()
      await chain.close()
    },
  }
}

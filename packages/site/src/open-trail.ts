import type { Head } from './audit/chain/chain-store.ts'
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
  // The row stands in the chain from now on, with the head that backups and other copies can be held to.
  const onUndone = ({ number, head }: Head): void => {
    onFault(new Error(`The trail was sealed up to batch ${number} with the head ${head}, and this was undone in the database`))
    audit.note({ event: 'trail undone', detail: { number, head } })
  }
  const chain = new Chain({ database, signer, now, people: audit.people, onFault, onUndone })
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

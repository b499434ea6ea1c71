import type { Room } from '../room.ts'
import type { CommonOptions } from '../options.ts'
import type { SiteParts } from '../site-parts.ts'
import { INBOX_MS } from '../../webhooks/inbox/inbox-time.ts'
import { Worker, type Duty } from './work.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** A docname that nobody has seen for so long is of no help when the site is away. */
const DOCNAME_DAYS = 180
/** So long somebody may look at what was given up, counted from its receipt. */
const GIVEN_UP_DAYS = 30

/** Who does what is due for one tenant. */
export const openWorker = (rooms: readonly Room[], options: CommonOptions, parts: SiteParts): Worker =>
  new Worker(dutiesOf(rooms, options, parts), parts.log)

/** What one tenant's connector has to do besides answering. */
function dutiesOf(rooms: readonly Room[], options: CommonOptions, parts: SiteParts): readonly Duty[] {
  const { store, clock, tokens, log } = parts
  const { keepAliveMs = DAY_MS } = options
  const [untold, idle] = [{ after: '' }, {}]
  return [
    ...rooms.flatMap(arriving),
    {
      name: 'telling',
      everyMs: MINUTE_MS,
      run: async (signal) => {
        const { tellUntold } = await import('../../tokens/upkeep/telling.ts')
        return { told: await tellUntold({ ...parts, leases: store.leases }, signal, untold) }
      },
    },
    {
      name: 'keep-alive',
      everyMs: MINUTE_MS,
      run: async (signal) => {
        const { keepAlive } = await import('../../tokens/upkeep/keep-alive.ts')
        return { renewed: await keepAlive({ store, tokens, clock, log }, keepAliveMs, signal, idle) }
      },
    },
    // Besides the timers of who asked: a process that does its work by rounds may be asleep in between.
    { name: 'lost-answers', everyMs: SECOND_MS, run: async () => ({ renewed: await tokens.retryLost() }) },
    { name: 'sweep', everyMs: HOUR_MS, run: async () => ({ swept: await sweep(parts) }) },
  ]
}

const arriving = (room: Room): Duty[] =>
  room.work === undefined ? [] : [{ name: 'inbox', everyMs: SECOND_MS, isArriving: true, run: (signal) => room.work!(signal) }]

async function sweep({ store, clock }: SiteParts): Promise<number> {
  const now = clock()
  const sessions = await store.sessions.sweep(now)
  const inbox = await store.inbox.sweep(now - INBOX_MS, now - GIVEN_UP_DAYS * DAY_MS)
  return sessions + inbox + (await store.docnames.sweep(now - DOCNAME_DAYS * DAY_MS))
}

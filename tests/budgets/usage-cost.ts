import { threadCpuUsage } from 'node:process'
import { migrate, openDatabase } from '@annex/database'
import { MIGRATIONS } from '../../packages/site/src/rooms.ts'
import { Usage, type Counted } from '../../packages/site/src/oauth/usage/usage.ts'
import { temporaryDatabase } from '../support/databases.ts'

const CALLS = 200_000
const TOKENS = 1000
/** Calls of a busy site between two writes of the numbers. */
const CALLS_A_FLUSH = 20_000

/** Microseconds of this thread's time that counting one call takes: one call, one right, and its share of writing the numbers. */
export async function usageCost(): Promise<{ readonly noting: number; readonly writing: number }> {
  const place = await temporaryDatabase('sqlite')
  const database = await openDatabase(place.url)
  try {
    await migrate(database, MIGRATIONS)
    const usage = new Usage({ database, now: () => Date.now() * 1000, onFault: () => undefined })
    const tokens: Counted[] = Array.from({ length: TOKENS }, (_, index) => ({
      client: `client-${index % 20}`,
      grant: `grant-${index}`,
      hash: `hash-${index}`,
    }))
    let [noting, writing] = [0, 0]
    for (let done = 0; done < CALLS; done += CALLS_A_FLUSH) {
      const begin = threadTime()
      for (let call = 0; call < CALLS_A_FLUSH; call += 1) note(usage, tokens[call % TOKENS]!)
      const noted = threadTime()
      await usage.flush()
      noting += noted - begin
      writing += threadTime() - noted
    }
    return { noting: noting / CALLS, writing: writing / CALLS }
  } finally {
    await database.close()
    await place.remove()
  }
}

function note(usage: Usage, token: Counted): void {
  usage.call(token, '203.0.113.7', Date.now() * 1000)
  usage.used(token, 'Item', 'read')
}

function threadTime(): number {
  const { user, system } = threadCpuUsage()
  return user + system
}

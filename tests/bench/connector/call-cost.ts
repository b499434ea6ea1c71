import { undiciTransport } from '@annex/connector/node'
import { openSqlStore } from '@annex/connector/stores/sql'
import { Agent, request } from 'undici'
import { temporaryDatabase } from '../../support/databases.ts'
import { itemCode } from '../data/item-doctype.ts'
import { middleOf } from '../provider/variants.ts'
import { FakeSite } from './fake-site.ts'

export interface CallCost {
  /** Microseconds of processor time of this process for one call, the middle of all rounds. */
  readonly bare: number
  readonly kit: number
  /** The middle of the differences of the pairs of rounds. */
  readonly over: number
}

const ROUNDS = 10

/** What a call through the kit costs this process beside the same request over bare undici, in rounds that take turns. */
export async function measureCallCost(calls: number): Promise<CallCost> {
  const site = await FakeSite.start()
  const database = await temporaryDatabase('sqlite')
  const store = await openSqlStore(database.url)
  const transport = undiciTransport()
  const agent = new Agent({ connections: 32 })
  try {
    const { connection } = await site.signIn({ store, transport })
    const url = `${site.server.origin}/api/resource/Item/${itemCode(0)}`
    const headers = { accept: 'application/json', authorization: `Bearer ${await connection.token()}` }
    const bare = async (): Promise<unknown> => {
      const { body } = await request(url, { headers, dispatcher: agent })
      return JSON.parse(await body.text())
    }
    const kit = (): Promise<unknown> => connection.client.read('Item', itemCode(0))
    return await inTurns(bare, kit, Math.ceil(calls / ROUNDS))
  } finally {
    await Promise.all([transport.close(), agent.close()])
    await store.close()
    await database.remove()
    await site.server.stop()
  }
}

async function inTurns(bare: () => Promise<unknown>, kit: () => Promise<unknown>, calls: number): Promise<CallCost> {
  // Unmeasured: code that is met for the first time is slow.
  for (const call of [bare, kit]) await costOf(call, calls)
  const costs: { bare: number; kit: number }[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await costOf(round % 2 === 0 ? bare : kit, calls)
    const second = await costOf(round % 2 === 0 ? kit : bare, calls)
    costs.push(round % 2 === 0 ? { bare: first, kit: second } : { bare: second, kit: first })
  }
  return {
    bare: middleOf(costs.map((cost) => cost.bare)),
    kit: middleOf(costs.map((cost) => cost.kit)),
    over: middleOf(costs.map((cost) => cost.kit - cost.bare)),
  }
}

/** One after the other. */
async function costOf(call: () => Promise<unknown>, calls: number): Promise<number> {
  const before = process.cpuUsage()
  for (let count = 0; count < calls; count += 1) await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

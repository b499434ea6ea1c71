import { performance } from 'node:perf_hooks'
import Sqlite from 'better-sqlite3'
import { readConfig } from '../../../../packages/site/src/config.ts'
import { sweep } from '../../../../packages/site/src/oauth/storage/sweep-store.ts'
import { openSite } from '../../../../packages/site/src/site.ts'
import type { Swept } from '../sweeping.ts'

// A site as `npm run site` starts it, that does at a word what others do each hour: it removes what has ended. How long each
// statement that removes tokens kept the writer is noted where it runs.
const holds: { rows: number; milliseconds: number }[] = []
watchRemovals()
const site = await openSite(readConfig(process.env))
const { issuer } = await site.listen()

process.on('message', ({ id, word }: { readonly id: number; readonly word: string }) => {
  if (word === 'sweep') void sweepOnce().then((answer) => process.send?.({ id, answer }))
})
process.once('SIGTERM', () => void site.close().then(() => process.exit(0)))
process.stdout.write(`listening on ${issuer}\n`)

async function sweepOnce(): Promise<Swept> {
  const begin = performance.now()
  const { database, clock } = site.rooms
  await sweep(database.connection, clock.now())
  return { seconds: (performance.now() - begin) / 1000, holds }
}

function watchRemovals(): void {
  const probe = new Sqlite(':memory:')
  const statements = Object.getPrototypeOf(probe.prepare('select 1')) as Sqlite.Statement
  probe.close()
  for (const name of ['run', 'all'] as const) {
    const execute = statements[name] as (this: Sqlite.Statement, ...values: unknown[]) => Sqlite.RunResult | unknown[]
    Object.assign(statements, {
      [name](this: Sqlite.Statement, ...values: unknown[]) {
        if (!/^delete from "?oauth_token\b/i.test(this.source)) return execute.apply(this, values)
        const begin = performance.now()
        const result = execute.apply(this, values)
        holds.push({ rows: Array.isArray(result) ? result.length : result.changes, milliseconds: performance.now() - begin })
        return result
      },
    })
  }
}

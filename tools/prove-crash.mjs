// npm run prove:crash: processes that write, and sites whose apps refresh their tokens, are killed at random moments, many more times
// than in `npm test`; and sites at every single statement of a request for tokens or of a revocation.
// ANNEX_CRASH_KILLS says how many times for each kind of writing, and for the refreshes, on each engine.
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { ANNEX_CRASH_KILLS = '200' } = process.env

console.log(
  `${ANNEX_CRASH_KILLS} kills for each kind of writing, and for refreshes, on each engine; and one at each statement about tokens.`,
)
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', root, 'tests/crash']
process.exitCode = await run(process.execPath, words, { env: { ...process.env, ANNEX_CRASH_KILLS } })

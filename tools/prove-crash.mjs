// npm run prove:crash: processes that write are killed at random moments, many more times than in `npm test`.
// ANNEX_CRASH_KILLS says how many times for each kind of writing on each engine.
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { ANNEX_CRASH_KILLS = '200' } = process.env

console.log(`${ANNEX_CRASH_KILLS} kills for each kind of writing on each engine.`)
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', root, 'tests/crash']
process.exitCode = await run(process.execPath, words, { env: { ...process.env, ANNEX_CRASH_KILLS } })

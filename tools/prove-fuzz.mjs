// npm run prove:fuzz: the property tests of bad input, with many more requests than `npm test` sends.
// ANNEX_FUZZ_RUNS says how many of each kind, ANNEX_FUZZ_SEED repeats a run that failed.
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { ANNEX_FUZZ_RUNS = '20000', ANNEX_FUZZ_SEED = String(Date.now() % 2 ** 31) } = process.env

console.log(`${ANNEX_FUZZ_RUNS} requests of each kind on each engine; ANNEX_FUZZ_SEED=${ANNEX_FUZZ_SEED} repeats them.`)
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', root, 'tests/fuzz/bad-input']
process.exitCode = await run(process.execPath, words, { env: { ...process.env, ANNEX_FUZZ_RUNS, ANNEX_FUZZ_SEED } })

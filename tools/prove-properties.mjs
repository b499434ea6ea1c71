// npm run prove:properties: the property tests of the site, with many more tries than `npm test` makes.
// ANNEX_PROVE_RUNS says how many of each, ANNEX_PROVE_SEED repeats a run that failed. Where a try is a story of many steps,
// there are fewer: a tenth of submitting and cancelling documents, half of the interleavings of grants and of documents read back.
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { ANNEX_PROVE_RUNS = '20000', ANNEX_PROVE_SEED = String(Date.now() % 2 ** 31) } = process.env

console.log(`${ANNEX_PROVE_RUNS} tries of each property; ANNEX_PROVE_SEED=${ANNEX_PROVE_SEED} repeats them.`)
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', root, 'tests/properties']
process.exitCode = await run(process.execPath, words, { env: { ...process.env, ANNEX_PROVE_RUNS, ANNEX_PROVE_SEED } })

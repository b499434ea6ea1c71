// npm run prove:api: fuzzes the API from its OpenAPI document, with many more requests than `npm test` sends.
// ANNEX_FUZZ_REQUESTS says how many on each engine, ANNEX_FUZZ_MINUTES how long that may take, ANNEX_FUZZ_SEED repeats a run that failed.
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { ANNEX_FUZZ_REQUESTS = '100000', ANNEX_FUZZ_MINUTES = '25', ANNEX_FUZZ_SEED = String(Date.now() % 2 ** 31) } = process.env

console.log(`${ANNEX_FUZZ_REQUESTS} requests on each engine; ANNEX_FUZZ_SEED=${ANNEX_FUZZ_SEED} repeats them.`)
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', root, 'tests/fuzz/openapi', '--reporter=verbose']
process.exitCode = await run(process.execPath, words, {
  env: { ...process.env, ANNEX_FUZZ_REQUESTS, ANNEX_FUZZ_MINUTES, ANNEX_FUZZ_SEED },
})

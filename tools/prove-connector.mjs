// npm run prove:connector: people use an app of two processes with a real site, and a site sends webhooks to another app, while
// sites and apps are stopped and killed, for much longer than in `npm test`.
// ANNEX_SOAK_SECONDS says how long, ANNEX_SOAK_SEED does again what was done before.
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { ANNEX_SOAK_SECONDS = '600', ANNEX_SOAK_SEED = String(Date.now()) } = process.env

console.log(`A soak of ${ANNEX_SOAK_SECONDS} s, ANNEX_SOAK_SEED=${ANNEX_SOAK_SEED}.`)
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', root, 'tests/soak']
process.exitCode = await run(process.execPath, words, { env: { ...process.env, ANNEX_SOAK_SECONDS, ANNEX_SOAK_SEED } })

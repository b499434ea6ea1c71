// npm run prove:mutation [-- group…]: changes the code of each group on purpose, one small change at a time, and tells
// which changes no test notices. Without a name all groups are run, for hours; a wrong one is answered with those
// that there are. `oauth/bearer+oauth/grants` judges both at once, by the tests of both; `oauth/bearer:last-uses.ts` changes one file
// alone, and `oauth/bearer:last-uses.ts:36-45` lines of it.
// ANNEX_MUTATION_EVERY=8 judges each eighth change alone: a sample of the same code in an eighth of the time;
// with ANNEX_MUTATION_FROM=3 as well it is another of each eight.
// Stryker is installed in tools/mutation when this runs first, so that everyone else's install stays small.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyTree } from './mutation/copy-tree.mjs'
import { groups, processTests, readGroups } from './mutation/groups.mjs'
import { countMutants, linesOf } from './mutation/report.mjs'
import { npmCi } from './npm-ci.mjs'
import { run } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const own = join(root, 'tools/mutation')
const every = Number(process.env.ANNEX_MUTATION_EVERY ?? 1)
const from = Number(process.env.ANNEX_MUTATION_FROM ?? 0)
const installed = join(own, 'node_modules/@stryker-mutator')

async function main(names) {
  const chosen = (names.length > 0 ? names : Object.keys(groups)).map(readGroups)
  if (!Number.isInteger(every) || every < 1) throw new Error('ANNEX_MUTATION_EVERY is a whole number from 1; say it again.')
  if (!Number.isInteger(from) || from < 0 || from >= every)
    throw new Error('ANNEX_MUTATION_FROM is a whole number from 0, less than ANNEX_MUTATION_EVERY; say it again.')
  await installStryker()
  const folder = await mkdtemp(join(tmpdir(), 'annex-mutation-'))
  try {
    await copyTree(root, folder)
    for (const together of chosen) await judge(folder, together).catch(fail)
  } finally {
    // Broken off, a test may write for a moment longer.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 })
  }
}

async function installStryker() {
  const hash = createHash('sha256')
    .update(await readFile(join(own, 'package-lock.json')))
    .digest('hex')
  const stamp = join(own, 'node_modules/.annex-lock-hash')
  if ((await readFile(stamp, 'utf8').catch(() => '')).trim() === hash) return
  await npmCi(own, process.execPath)
  await writeFile(stamp, `${hash}\n`)
}

/** Groups that are judged at once: one run of all their tests tells which of them reach which change. */
async function judge(folder, together) {
  const mutate = together.flatMap((group) => group.mutate)
  const tests = [...new Set(together.flatMap((group) => group.tests))]
  const began = Date.now()
  const settings = join(folder, 'stryker.json')
  const report = join(folder, 'mutants.json')
  const temporary = join(folder, 'tmp')
  await mkdir(temporary, { recursive: true })
  await rm(report, { force: true })
  await writeFile(join(folder, 'vitest.mutation.ts'), vitestConfig(tests))
  await writeFile(settings, JSON.stringify(settingsFor(folder, mutate, report)))
  const code = await run(process.execPath, [join(installed, 'core/bin/stryker.js'), 'run', settings], {
    cwd: folder,
    // What a killed test leaves behind goes with the copy.
    env: { ...process.env, TMPDIR: temporary },
  })
  const text = await readFile(report, 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Error(
      `${together.map(({ name }) => name).join(' and ')} could not be judged: Stryker ended with ${code}, and said above why.`,
    )
  const minutes = ((Date.now() - began) / 60_000).toFixed(1)
  const lines = together.flatMap((group) => linesOf(group.name, countMutants(JSON.parse(text), { every, from, holds: group.holds })))
  console.log([...lines, `  ${minutes} minutes`].join('\n'))
}

// Shorter times than the tests have else: a change that makes one wait for ever is found sooner. One process for all
// files of a run, so that what they share is read once; the tests of the whole provider last, because the first failure
// ends a run and those of the folder itself come to it sooner.
// Not by Stryker's own `testFiles`: with it a mutant of what runs while a module loads is never switched on (10.1.1).
const vitestConfig = (tests) => `import { BaseSequencer } from 'vitest/node'
import base from './vitest.config.ts'
const { test } = base
const exclude = [...test.exclude, ${JSON.stringify(processTests)}]
const isFar = ({ moduleId }) => Number(moduleId.includes('/oauth/testing/'))
class NearestFirst extends BaseSequencer {
  async sort(files) {
    return files.toSorted((one, other) => isFar(one) - isFar(other) || (one.moduleId < other.moduleId ? -1 : 1))
  }
}
const own = { isolate: false, sequence: { sequencer: NearestFirst }, testTimeout: 15_000, hookTimeout: 30_000 }
export default { ...base, test: { ...test, include: ${JSON.stringify(tests)}, exclude, ...own } }
`

const settingsFor = (folder, mutate, report) => ({
  mutate: [...mutate, '!**/*.test.ts', '!**/*.fixture.ts', '!**/*.contract.ts'],
  testRunner: 'vitest',
  plugins: [join(installed, 'vitest-runner/dist/src/index.js'), join(own, 'sample.mjs')],
  checkers: every > 1 ? ['sample'] : [],
  vitest: { configFile: join(folder, 'vitest.mutation.ts'), related: false, pool: 'forks' },
  coverageAnalysis: 'perTest',
  inPlace: true,
  disableTypeChecks: false,
  concurrency: 1,
  // Generous, so that a busy machine is not taken for a mutant that never ends.
  timeoutMS: 15_000,
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: report },
  tempDirName: join(folder, '.stryker-tmp'),
  cleanTempDir: 'always',
  allowConsoleColors: false,
})

// What cannot be judged stops no other group, and is what the exit code tells of.
function fail(error) {
  console.error(error.message)
  process.exitCode = 1
}

await main(process.argv.slice(2)).catch(fail)

// Runs inside Vitest's worker, as its test runner: when the one test that stands for the run is over, it goes on in the same process, where all
// modules are loaded already, and runs the tests that reach a change again and again, with one change switched on each time. A process of its own
// for each change, as Stryker's own runner has it, takes seconds longer than most of the tests.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { TestRunner } from 'vitest'
import { runBaseTests } from 'vitest/worker'
import { planOf } from './plan.mjs'

// Outlives this module, which is read anew with all others for a change of what runs while modules load.
const run = (globalThis.__annexMutation ??= { job: JSON.parse(readFileSync(process.env.ANNEX_MUTATION_JOB, 'utf8')), inside: false })
const stryker = (globalThis.__stryker__ ??= {})
const whole = new Set(run.job.whole)

const QUIET = ['Queued', 'Collected', 'TaskUpdate', 'TaskArtifactRecord', 'AfterSuiteRun', 'UserConsoleLog', 'UnhandledError', 'Cancel']
const quiet = new Set([...QUIET.map((name) => `on${name}`), 'snapshotSaved', 'onTestModuleDependencies', 'onAsyncLeaks'])

export default class MutationRunner extends TestRunner {
  onCollected(files) {
    for (const file of files) if (file.result?.state === 'fail') note(file.filepath, file.result.errors)
  }

  async onBeforeRunSuite(suite) {
    if (run.failed) suite.mode = 'skip'
    stryker.currentTestId = run.tells ? suite.id : undefined
    await super.onBeforeRunSuite(suite)
  }

  async onAfterRunSuite(suite) {
    if (suite.result?.errors?.length > 0) note(suite.name, suite.result.errors)
    await super.onAfterRunSuite(suite)
    stryker.currentTestId = run.tells ? (suite.suite?.id ?? suite.file.id) : undefined
  }

  async onBeforeRunTask(test) {
    if (run.failed) test.mode = 'skip'
    stryker.currentTestId = run.tells ? test.id : undefined
    await super.onBeforeRunTask(test)
  }

  onAfterRunTask(test) {
    super.onAfterRunTask(test)
    stryker.currentTestId = run.tells ? (test.suite ?? test.file).id : undefined
    run.onTest?.(test)
    if (test.result?.state === 'fail') note(test.id, test.result.errors)
  }

  // oxlint-disable-next-line typescript/no-misused-promises -- Vitest waits for it, whatever its types say
  async onAfterRunFiles(files) {
    super.onAfterRunFiles(files)
    if (run.inside) return
    run.inside = true
    run.state = this.workerState
    run.traces = this._otel
    await (run.job.mutants ? judgeAll() : measureAll())
  }
}

function note(by, errors) {
  const words = (errors ?? []).map(({ message }) => message).join('\n')
  if (!run.failsOn) run.faults.push(`${by}: ${words.slice(0, 300)}`)
  else run.failed ??= { by, late: /timed out in \d+ms|Hit count limit reached/.test(words) }
}

/** Runs tests of a file; with `fresh` all modules are loaded anew. */
async function runFile(file, ids, { fresh = false } = {}) {
  const { state } = run
  const rpc = new Proxy(state.rpc, { get: (real, name) => (quiet.has(name) ? async () => {} : real[name]) })
  const config = { ...state.ctx.config, isolate: fresh }
  const files = [{ filepath: `${config.root}/${file}`, testIds: ids, fileTags: [] }]
  stryker.currentTestId = undefined
  await runBaseTests('run', { ...state, rpc, config, ctx: { ...state.ctx, config, files } }, run.traces)
}

/** Runs every test once, and writes down which of them reach which change, and how long each takes. */
async function measureAll() {
  const baseline = { tests: {}, files: {}, failed: [], cover: {}, loaded: [], hits: {} }
  run.tells = true
  run.faults = baseline.failed
  for (const file of run.job.tests) {
    say({ measures: file })
    await measure(file, baseline)
  }
  readCover(baseline)
  writeFileSync(run.job.baseline, JSON.stringify(baseline))
}

async function measure(file, baseline) {
  const began = performance.now()
  let inTests = 0
  run.onTest = (test) => {
    if (test.result?.state !== 'pass') return
    const ms = test.result.duration ?? 0
    inTests += ms
    baseline.tests[test.id] = { file, name: test.name, ms, within: suitesOf(test) }
  }
  await runFile(file)
  baseline.files[file] = { overhead: performance.now() - began - inTests }
  run.onTest = undefined
}

function suitesOf(test) {
  const suites = [test.file.id]
  for (let suite = test.suite; suite; suite = suite.suite) suites.push(suite.id)
  return suites
}

// What a suite's own preparations reach is reached by each of its tests.
function readCover(baseline) {
  const { perTest = {}, static: loaded = {} } = stryker.mutantCoverage ?? {}
  baseline.loaded = Object.keys(loaded)
  for (const [test, { within }] of Object.entries(baseline.tests))
    for (const id of new Set([test, ...within].flatMap((part) => Object.keys(perTest[part] ?? {})))) (baseline.cover[id] ??= []).push(test)
  for (const counts of [loaded, ...Object.values(perTest)])
    for (const [id, count] of Object.entries(counts)) baseline.hits[id] = (baseline.hits[id] ?? 0) + count
}

async function judgeAll() {
  const baseline = JSON.parse(readFileSync(run.job.baseline, 'utf8'))
  const loaded = new Set(baseline.loaded)
  const kills = new Map()
  const killers = new Map()
  run.failsOn = true
  for (const mutant of run.job.mutants) {
    say({ id: mutant.id, begins: true })
    const began = performance.now()
    const verdict = await judge({ mutant, baseline, kills, loaded: loaded.has(mutant.id) })
    if (verdict.file) kills.set(`${mutant.path} ${verdict.file}`, (kills.get(`${mutant.path} ${verdict.file}`) ?? 0) + 1)
    if (verdict.status === 'Killed') killers.set(verdict.by, [...(killers.get(verdict.by) ?? []), { mutant, verdict }])
    const by = baseline.tests[verdict.by]?.name ?? verdict.by
    say({ id: mutant.id, status: verdict.status, by, file: verdict.file, cut: verdict.cut, seconds: (performance.now() - began) / 1000 })
  }
  await trust(killers, baseline)
}

// What a test noticed counts when it passes by itself without the change, in the process that saw all the others. Where it does not, the tests of its
// file may need one another, and are run as a whole from then on; or a change left something behind.
async function trust(killers, baseline) {
  for (const [by, noticed] of killers) {
    const { file } = noticed[0].verdict
    switchOn(undefined)
    await runFile(file, baseline.tests[by] && !whole.has(file) ? [by] : undefined)
    if (!run.failed) continue
    whole.add(file)
    say({ whole: file })
    for (const { mutant } of noticed) say({ id: mutant.id, status: 'Pending' })
  }
}

async function judge(asked) {
  const verdict = await tryOut(asked)
  // A busy machine, or one that was held still, is not to be taken for a change that never ends.
  return verdict.status === 'Timeout' ? tryOut(asked) : verdict
}

async function tryOut({ mutant, baseline, kills, loaded }) {
  const { budget } = run.job
  const tests = baseline.cover[mutant.id] ?? []
  if (tests.length === 0 && !loaded) return { status: 'NoCoverage' }
  const plan = planOf({ mutant, tests, baseline, kills, budget })
  const { noticed, reached } = await tryPlan(plan, mutant, baseline)
  if (noticed) return noticed
  if (reached && !loaded) return { status: 'Survived', cut: plan.cut }
  // What runs while a module loads, or once and is kept, may show in any test that comes to its file: those are asked, with everything loaded anew.
  const coming = run.job.ids[mutant.path].flatMap((id) => baseline.cover[id] ?? [])
  const loading = planOf({ mutant, tests: [...new Set(coming)], baseline, kills, budget })
  const late = await tryPlan(loading, mutant, baseline, { fresh: true })
  // The modules that were loaded with the change go.
  switchOn(undefined)
  await runFile(run.job.tests[0], ['none'], { fresh: true })
  return late.noticed ?? { status: 'Survived', cut: plan.cut || loading.cut }
}

/** What the tests notice, and whether they came to the change at all. */
async function tryPlan({ steps }, mutant, baseline, { fresh = false } = {}) {
  let reached = false
  for (const [index, { file, ids }] of steps.entries()) {
    switchOn(mutant.id, 100 * (baseline.hits[mutant.id] ?? 0) + 1000)
    await runFile(file, whole.has(file) ? undefined : ids, { fresh: fresh && index === 0 })
    reached ||= stryker.hitCount > 0
    if (run.failed) return { noticed: { status: run.failed.late ? 'Timeout' : 'Killed', by: run.failed.by, file, fresh } }
  }
  return { reached }
}

function switchOn(id, hitLimit) {
  run.failed = undefined
  Object.assign(stryker, { activeMutant: id, hitCount: id === undefined ? undefined : 0, hitLimit })
}

const say = (line) => appendFileSync(run.job.out, `${JSON.stringify(line)}\n`)

// npm run prove:mutation [-- group…]: changes the code of the groups on purpose, one small change at a time, and tells which changes no test
// notices. Without a name all groups are judged, for hours; a wrong one is answered with those that there are. `oauth/bearer:last-uses.ts`
// changes one file alone, and `oauth/bearer:last-uses.ts:36-45` lines of it. The tests of all groups that are named look at every change.
// ANNEX_MUTATION_EVERY=8 judges each eighth change alone; with ANNEX_MUTATION_FROM=3 as well it is another of each eight.
// ANNEX_MUTATION_SECONDS=10 leaves out what of the tests that reach a change would take longer than that, beginning with the nearest: what is
// noticed then is a lower bound. ANNEX_MUTATION_RECORD=FILE keeps what is found, and a later run asks only for the rest;
// with ANNEX_MUTATION_AGAIN=survived for what was not noticed, and with =none for nothing: it prints the table of what is known.
// Stryker makes the changes. It is installed in tools/mutation when this runs first, so that everyone else's install stays small.
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { copyTree } from './mutation/copy-tree.mjs'
import { groups, processTests, readGroup } from './mutation/groups.mjs'
import { Host } from './mutation/host.mjs'
import { filesOf, instrument } from './mutation/instrument.mjs'
import { Record } from './mutation/record.mjs'
import { countMutants, survivorsOf, tableOf } from './mutation/report.mjs'
import { isSampled } from './mutation/sample.mjs'
import { npmCi } from './npm-ci.mjs'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const own = join(root, 'tools/mutation')
// So many changes share a process: what one leaves behind in memory goes with it.
const BATCH = 150

async function main(names) {
  const wishes = readWishes(process.env)
  const chosen = (names.length > 0 ? names : Object.keys(groups)).map(readGroup)
  await installStryker()
  const { Instrumenter } = await import(
    pathToFileURL(createRequire(join(own, 'package.json')).resolve('@stryker-mutator/instrumenter')).href
  )
  const folder = await mkdtemp(join(tmpdir(), 'annex-mutation-'))
  try {
    await copyTree(root, folder)
    // The PostgreSQL of the tests has its data below, and where we are root it runs as somebody else, who must come through.
    await chmod(folder, 0o711)
    await mkdir(join(folder, 'tmp'))
    await judge({ folder, chosen, wishes, Instrumenter })
  } finally {
    // Broken off, a test may write for a moment longer.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 })
  }
}

function readWishes(env) {
  const every = Number(env.ANNEX_MUTATION_EVERY ?? 1)
  const from = Number(env.ANNEX_MUTATION_FROM ?? 0)
  const seconds = Number(env.ANNEX_MUTATION_SECONDS ?? 3600)
  if (!Number.isInteger(every) || every < 1) throw new Error('ANNEX_MUTATION_EVERY is a whole number from 1; say it again.')
  if (!Number.isInteger(from) || from < 0 || from >= every)
    throw new Error('ANNEX_MUTATION_FROM is a whole number from 0, less than ANNEX_MUTATION_EVERY; say it again.')
  if (!(seconds > 0)) throw new Error('ANNEX_MUTATION_SECONDS is a number of seconds; say it again.')
  return { every, from, budget: seconds * 1000, record: env.ANNEX_MUTATION_RECORD, again: env.ANNEX_MUTATION_AGAIN }
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

async function judge({ folder, chosen, wishes, Instrumenter }) {
  const began = Date.now()
  const changes = (await instrument(folder, chosen, Instrumenter)).flatMap((change) => {
    const group = chosen.find(({ holds }) => holds(change))
    return group ? [{ ...change, group, home: group.home, tries: 0 }] : []
  })
  const record = new Record(wishes.record ?? join(folder, 'tmp/record.jsonl'))
  const sampled = changes.filter((_, index) => isSampled(index, wishes.every, wishes.from))
  const wanted = sampled.filter((change) => isWanted(record.of(change), wishes.again))
  console.log(`${changes.length} changes, ${sampled.length} asked for, ${wanted.length} to be judged`)
  if (wanted.length > 0) await judgeWanted({ folder, chosen, changes, wanted, record, budget: wishes.budget })
  tell({ chosen, changes, record, minutes: (Date.now() - began) / 60_000 })
}

function isWanted(known, again) {
  if (again === 'none') return false
  if (again === 'survived') return known?.status === 'Survived' || known?.status === 'NoCoverage'
  return known === undefined || known.status === 'Pending'
}

async function judgeWanted({ folder, chosen, changes, wanted, record, budget }) {
  const host = new Host(folder)
  await host.prepare(processTests)
  const tests = (await filesOf(folder, [...new Set(chosen.flatMap((group) => group.tests))])).filter((path) => path !== processTests)
  const ids = Object.fromEntries(
    Map.groupBy(changes, ({ path }) => path)
      .entries()
      .map(([path, some]) => [path, some.map(({ id }) => id)]),
  )
  const job = { baseline: join(folder, 'tmp/baseline.json'), tests, budget, ids, whole: [] }
  await measure(host, job)
  await judgeBatches(host, job, wanted, record)
  // What ran out of time may have done so because the machine was held still: asked once more, in a process of its own.
  const late = wanted.filter((change) => record.of(change)?.status === 'Timeout')
  for (const change of late) record.add(change, { status: 'Pending' })
  await judgeBatches(host, job, late, record)
}

async function measure(host, job) {
  const began = Date.now()
  const { words } = await host.run(job)
  const text = await readFile(job.baseline, 'utf8').catch(() => undefined)
  if (text === undefined) throw new Error(`The tests could not be run without a change:\n${words}`)
  const { failed, tests } = JSON.parse(text)
  for (const name of failed) console.log(`fails without a change, and judges nothing: ${name}`)
  console.log(`${Object.keys(tests).length} tests, ${((Date.now() - began) / 1000).toFixed(0)} seconds without a change`)
}

async function judgeBatches(host, job, wanted, record) {
  let left = wanted
  while (left.length > 0) {
    const done = await judgeBatch(host, job, left.slice(0, BATCH), record)
    left = left.filter((change) => !done.has(change))
    console.log(`${new Date().toISOString().slice(11, 19)} ${wanted.length - left.length} of ${wanted.length} judged`)
  }
}

/** Resolves to those of the batch that were judged; the others are to be tried again. */
async function judgeBatch(host, job, batch, record) {
  const changes = new Map(batch.map((change) => [change.id, change]))
  const done = new Set()
  let current
  let heard = false
  const onLine = ({ id, begins, whole, ...verdict }) => {
    heard = true
    if (whole) job.whole.push(whole)
    if (whole) return
    current = begins ? id : undefined
    if (begins) return
    record.add(changes.get(id), verdict)
    if (verdict.status === 'Pending') done.delete(changes.get(id))
    else done.add(changes.get(id))
  }
  const { words } = await host.run({ ...job, mutants: batch.map(({ id, path, home }) => ({ id, path, home })) }, onLine)
  // It never came back from this one, and was ended.
  const stuck = changes.get(current)
  if (stuck) record.add(stuck, { status: 'Timeout', stuck: true })
  if (stuck) done.add(stuck)
  if (done.size > 0) return done
  // The tests that noticed these fail now and then without them as well.
  const doubted = batch.filter((change) => record.of(change)?.status === 'Pending' && change.tries++ > 0)
  if (doubted.length === 0 && !heard) throw new Error(`The tests could not be run:\n${words}`)
  for (const change of doubted) record.add(change, { status: 'Survived', doubted: true })
  return new Set(doubted)
}

function tell({ chosen, changes, record, minutes }) {
  const counted = chosen.map((group) => ({
    name: group.name,
    counts: countMutants(ofGroup(changes, group), (change) => record.of(change)),
  }))
  console.log(tableOf(counted).join('\n'))
  for (const { name, counts } of counted) console.log([`${name}, not noticed:`, ...survivorsOf(counts)].join('\n'))
  console.log(`${minutes.toFixed(1)} minutes`)
}

const ofGroup = (changes, group) => changes.filter((change) => change.group === group)

// What cannot be judged is what the exit code tells of.
function fail(error) {
  console.error(error.message)
  process.exitCode = 1
}

await main(process.argv.slice(2)).catch(fail)

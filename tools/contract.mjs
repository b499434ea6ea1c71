// node tools/start.mjs contract [sqlite] [postgres]
//
// Plays the recorded exchanges against a site started for it, on each engine, and closes with `N passed, N failed`.
// A step passes when it agrees, or differs and stands in tests/contract/disagreements.json. The originals and their
// own player are used where they lie beside the repository; elsewhere it says so and plays the copy with ours.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { disagreementsIn } from '../tests/contract/disagreements.ts'
import { Player } from '../tests/contract/player.ts'
import { played, readRecording } from '../tests/contract/recording.ts'
import * as postgres from '../tests/support/postgres.ts'
import { startSite } from '../tests/support/site.ts'
import { closingLine } from './summary-reporter.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const originals = join(root, '..', 'shared', 'contract')
const copies = join(root, 'tests', 'contract', 'recordings')
const theirPlayer = join(originals, 'replay.mjs')

process.exitCode = await main(process.argv.slice(2))

async function main(wanted) {
  const tally = { passed: 0, failed: 0 }
  const beside = existsSync(theirPlayer)
  if (beside)
    count(
      tally,
      staleCopies().map((name) => `tests/contract/recordings/${name} is not the original any more`),
      1,
    )
  else console.log(`There is no ${theirPlayer}: the copy of the recordings is played, with our own player.`)
  for (const engine of wanted.length > 0 ? wanted : ['sqlite', 'postgres']) {
    console.log(`On ${engine}:`)
    const { differing, steps } = await onSite(engine, beside ? playOriginals : playCopies)
    count(tally, faultsIn(differing), steps)
  }
  console.log(closingLine(tally.passed, tally.failed, 0))
  return tally.failed > 0 ? 1 : 0
}

/** Adds what was looked at: each fault is a failure, said aloud, and the rest has passed. */
function count(tally, faults, looked) {
  for (const fault of faults) console.log(`  ${fault}`)
  tally.failed += faults.length
  tally.passed += Math.max(0, looked - faults.length)
}

async function onSite(engine, play) {
  if (engine === 'postgres') await postgres.setup()
  try {
    const site = await startSite(engine)
    return await play(site).finally(() => site.close())
  } finally {
    if (engine === 'postgres') await postgres.teardown()
  }
}

/** Both ways give what differed, as recording → steps, each with the player's reasons, and how many steps there were. */
async function playCopies(site) {
  const player = new Player(site.url, site.adminPassword)
  const differing = new Map()
  let steps = 0
  for (const name of played) {
    const recording = await readRecording(name)
    steps += recording.steps.length
    differing.set(name, new Map((await player.play(recording)).map(({ step, problems }) => [step, problems])))
  }
  return { differing, steps }
}

async function playOriginals(site) {
  const recordings = new Map(played.map((name) => [name, JSON.parse(readFileSync(join(originals, `${name}.json`), 'utf8'))]))
  const files = played.map((name) => join(originals, `${name}.json`))
  // By its real path: reached through a link, it would not know itself as the program that was started.
  const lines = await output([realpathSync(theirPlayer), site.url, ...files, '--admin-password', site.adminPassword])
  const steps = [...recordings.values()].reduce((sum, recording) => sum + recording.steps.length, 0)
  const told = /^(\d+) passed, (\d+) failed$/.exec(lines.findLast(Boolean) ?? '')
  if (Number(told?.[1]) + Number(told?.[2]) !== steps)
    throw new Error(`replay.mjs did not play every step:\n${lines.slice(-10).join('\n')}`)
  return { differing: differencesOf(lines, recordings), steps }
}

/** Reads `differs  SCENARIO NUMBER TITLE` and the reasons indented below it. */
function differencesOf(lines, recordings) {
  const differing = new Map(played.map((name) => [name, new Map()]))
  const fileOf = new Map([...recordings].map(([name, { scenario }]) => [scenario, name]))
  let problems = []
  for (const line of lines) {
    const [, scenario, step] = /^differs {2}(\S+) (\d+ .*)$/.exec(line) ?? []
    if (scenario) differing.get(fileOf.get(scenario)).set(step, (problems = []))
    else if (line.startsWith('   ')) problems.push(line.trim())
  }
  return differing
}

function faultsIn(differing) {
  return [...differing].flatMap(([name, steps]) => {
    const listed = disagreementsIn(name)
    const unlisted = [...steps]
      .filter(([step]) => !listed.includes(step))
      .map(([step, problems]) => `${name} ${step}: ${problems.join('; ')}`)
    return [
      ...unlisted,
      ...listed.filter((step) => !steps.has(step)).map((step) => `${name} ${step}: agrees, but is listed as a disagreement`),
    ]
  })
}

function staleCopies() {
  const names = [originals, copies].flatMap((folder) => readdirSync(folder)).filter((name) => name.endsWith('.json'))
  return [...new Set(names)].filter((name) => textOf(join(originals, name)) !== textOf(join(copies, name)))
}

function textOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

async function output(args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const parts = await child.stdout.setEncoding('utf8').toArray()
  return parts.join('').split('\n')
}

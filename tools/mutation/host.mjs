import { spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const TRIGGER = 'annex-mutation.test.ts'

/** The site's tests in one process of Vitest's, which takes jobs from a file (see worker.mjs). */
export class Host {
  #folder
  #stalled

  /** `stalled`: after so many seconds in which nothing was said, whoever runs is taken to be stuck, and ended. */
  constructor(folder, { stalled = 120 } = {}) {
    this.#folder = folder
    this.#stalled = stalled
  }

  async prepare(excluded) {
    await writeFile(join(this.#folder, TRIGGER), `import { test } from 'vitest'\ntest('stands for the run', () => {})\n`)
    await writeFile(join(this.#folder, 'vitest.mutation.ts'), configOf(excluded))
  }

  /** Runs a job, tells of each line that it says, and resolves when it is over, however it ended. */
  async run(job, onLine = () => {}) {
    const out = join(this.#folder, 'tmp/said.jsonl')
    const path = join(this.#folder, 'tmp/job.json')
    await rm(out, { force: true })
    await writeFile(path, JSON.stringify({ ...job, out }))
    const env = { ...process.env, TMPDIR: join(this.#folder, 'tmp'), ANNEX_MUTATION_JOB: path }
    const program = join(this.#folder, 'node_modules/vitest/vitest.mjs')
    const child = spawn(process.execPath, [program, 'run', '--config', 'vitest.mutation.ts', TRIGGER], {
      cwd: this.#folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return this.#watched(child, lines(out, onLine))
  }

  #watched(child, read) {
    let words = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (words = (words + text).slice(-4000)))
    let quiet = 0
    return new Promise((resolve) => {
      // Seconds in which we ran ourselves: held still, nobody is stuck.
      const look = async () => {
        quiet = (await read()) ? 0 : quiet + 1
        if (quiet >= this.#stalled) endTree(child)
      }
      const watch = setInterval(() => void look(), 1000)
      child.once('close', async (code) => {
        clearInterval(watch)
        await read()
        resolve({ code, words })
      })
    })
  }
}

// Vitest's own process ends the worker that it started, unless that one never comes to hear of it.
function endTree(child) {
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), 5000).unref()
}

/** Reads what was added to a file since the last time, line by line; resolves to whether anything was. */
function lines(path, onLine) {
  let place = 0
  return async () => {
    const text = (await readFile(path, 'utf8').catch(() => '')).slice(place)
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    place += whole.length
    for (const line of whole.split('\n')) if (line !== '') onLine(JSON.parse(line))
    return whole !== ''
  }
}

// Shorter times than the tests have else: a change that makes one wait for ever is found sooner. One process for all files of a run, so that what
// they share is read once.
const configOf = (excluded) => `import base from './vitest.config.ts'
const exclude = [...base.test.exclude, ${JSON.stringify(excluded)}]
const own = { isolate: false, maxWorkers: 1, runner: './tools/mutation/worker.mjs', testTimeout: 15_000, hookTimeout: 30_000, teardownTimeout: 5000 }
export default { ...base, test: { ...base.test, include: ['${TRIGGER}'], exclude, ...own } }
`

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Program } from '../support/program.ts'

export interface Measured {
  readonly seconds: number
  /** The most resident memory of the process, in bytes. */
  readonly memory: number
  readonly stdout: string
}

export interface Surroundings {
  /** For what the process leaves while it runs. */
  readonly folder: string
  /** Ends the process. */
  readonly signal: AbortSignal
}

/** Megabytes that the process may use for its objects, so that whoever keeps a little of each row runs out of them. */
const { ANNEX_PROVE_HEAP } = process.env
const ceiling = ANNEX_PROVE_HEAP === undefined ? '' : `--max-old-space-size=${Number(ANNEX_PROVE_HEAP)}`

const reporter = new URL('peak-memory.ts', import.meta.url).href

/**
 * Runs `annex` with these words in a process of its own, as `npm run annex` does.
 *
 * @throws {Error} with what it said, when it fails or is ended
 */
export async function runMeasured(
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
  { folder, signal }: Surroundings,
): Promise<Measured> {
  signal.throwIfAborted()
  const file = join(folder, 'peak-memory')
  const begun = performance.now()
  const program = new Program('annex', words, {
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...settings,
    NODE_OPTIONS: `--max-semi-space-size=2 ${ceiling} --import=${reporter}`,
    PEAK_MEMORY_FILE: file,
  })
  const stop = (): void => void program.stop('SIGKILL')
  signal.addEventListener('abort', stop)
  try {
    const { code, stdout, stderr } = await program.ended
    const seconds = (performance.now() - begun) / 1000
    signal.throwIfAborted()
    if (code !== 0) throw new Error(`annex ${words[0]} ended with ${code ?? 'a signal'}: ${stderr || stdout}`)
    return { seconds, memory: Number(await readFile(file, 'utf8')), stdout }
  } finally {
    signal.removeEventListener('abort', stop)
    await rm(file, { force: true })
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from '../support/site.ts'
import type { Kind } from './crash-kinds.ts'

const program = fileURLToPath(new URL('writing-process.ts', import.meta.url))

export interface Killing {
  readonly url: string
  readonly kind: Kind
  /** Tells what this process writes from what others wrote. */
  readonly run: string
  /** Milliseconds from when it is at work. */
  readonly delay: number
  /** A folder in which processes find the program as another has compiled it. */
  readonly compiled: string
}

/**
 * Starts a process that writes, kills it at some moment while it does, and gives back what it said before.
 *
 * @throws {Error} with its words, when it ended by itself
 */
export async function killWhileWriting({ url, kind, run, delay, compiled }: Killing): Promise<string[][]> {
  const child = spawn(process.execPath, ['--conditions=source', program, url, kind, run], {
    env: { ...bareEnvironment(), NODE_COMPILE_CACHE: compiled },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [said, failed] = ['', '']
  const begun = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      // The second line: the first work is done, and it is at the next.
      if (said.indexOf('\n') !== said.lastIndexOf('\n')) resolve()
    })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (failed += text))
  const closed = once(child, 'close')
  const patience = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await Promise.race([begun, closed])
  setTimeout(() => child.kill('SIGKILL'), delay)
  const [, signal] = (await closed) as [number | null, string | null]
  clearTimeout(patience)
  if (signal !== 'SIGKILL' || !said.startsWith('begun\n')) throw new Error(`The writing process ended by itself: ${failed || said}`)
  // A line that was cut off was never said.
  return said
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(' '))
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Met, PacedCalls } from './paced-calls.ts'

const program = fileURLToPath(new URL('pacing-process.ts', import.meta.url))

/** A process that calls at a pace, so that whoever measures beside it does not wait for its turns. */
export class Pacer {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  constructor() {
    this.#child = spawn(process.execPath, ['--conditions=source', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#ended = once(this.#child, 'exit')
  }

  /** One at a time. @throws {Error} when the process ends before */
  async call(calls: PacedCalls, seconds: number): Promise<Met> {
    const answer = once(this.#child, 'message')
    this.#child.send({ calls, seconds })
    const met = await Promise.race([answer.then(([told]) => told as Met), this.#ended.then(() => undefined)])
    if (met === undefined) throw new Error('The calling process ended by itself')
    return met
  }

  stop(): void {
    this.#child.disconnect()
  }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** A process that never lives for an hour tidies too; one that has just begun has other things to do. */
const FIRST = 5 * MINUTE

/** One thing that is done. It asks `isOver` between its batches and ends early when the process is about to. */
export type TidyStep = (isOver: () => boolean) => Promise<unknown>

/**
 * What is done five minutes after the start and each hour from then on: one step after the other, in one run at a time. A step that
 * fails is told to `onFault` and keeps none of the others from being done.
 */
export class Tidying {
  readonly #steps: readonly TidyStep[]
  readonly #onFault: (error: unknown) => void
  readonly #timers: readonly NodeJS.Timeout[]
  #running: Promise<void> | undefined
  #isOver = false

  constructor(steps: readonly TidyStep[], onFault: (error: unknown) => void) {
    this.#steps = steps
    this.#onFault = onFault
    this.#timers = [setTimeout(() => void this.run(), FIRST).unref(), setInterval(() => void this.run(), HOUR).unref()]
  }

  /** Does it now, or waits for the run that is under way. */
  run(): Promise<void> {
    return (this.#running ??= this.#doAll().finally(() => (this.#running = undefined)))
  }

  /** Ends the run that is under way after its batch. To be called before the database is closed. */
  async close(): Promise<void> {
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#running
  }

  async #doAll(): Promise<void> {
    for (const step of this.#steps) {
      if (this.#isOver) return
      await step(() => this.#isOver).catch(this.#onFault)
    }
  }
}

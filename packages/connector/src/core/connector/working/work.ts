import type { Log } from '../events.ts'
import type { Worked } from '../room.ts'

/** One kind of work that is due again and again. */
export interface Duty {
  /** Told in the log when it fails. */
  readonly name: string
  /** After how many milliseconds it is due again. */
  readonly everyMs: number
  /** Works on what has just arrived: `wake` makes it due at once. */
  readonly isArriving?: boolean
  run(signal: AbortSignal): Promise<Partial<Worked>>
}

/**
 * Does what is due: by rounds that somebody asks for, or by itself until it is stopped. No duty overlaps with itself, and
 * none waits for another: a slow webhook holds up no revocation.
 */
export class Worker {
  readonly #shifts: readonly Shift[]

  constructor(duties: readonly Duty[], log: Log) {
    this.#shifts = duties.map((duty) => new Shift(duty, log))
  }

  /** One round of every duty, each after its own round under way. One that fails is logged and leaves the others alone. */
  async work(signal: AbortSignal = new AbortController().signal): Promise<Worked> {
    return sumOf(await Promise.all(this.#shifts.map((shift) => shift.run(signal))))
  }

  /** Works until stopped: each duty at once, and again when it is due or was woken. */
  start(): { stop(): Promise<void> } {
    const stopping = new AbortController()
    const ended = Promise.all(this.#shifts.map((shift) => shift.untilStopped(stopping.signal)))
    return {
      stop: async () => {
        stopping.abort()
        for (const shift of this.#shifts) shift.wake()
        await ended
      },
    }
  }

  /** Something has arrived. */
  wake(): void {
    for (const shift of this.#shifts) if (shift.isArriving) shift.wake()
  }
}

/** One duty, a round after the other. */
class Shift {
  readonly isArriving: boolean
  readonly #duty: Duty
  readonly #log: Log
  #last: Promise<unknown> = Promise.resolve()
  #isWoken = false
  /** One for each that works until it is stopped. */
  readonly #sleepers = new Set<() => void>()

  constructor(duty: Duty, log: Log) {
    this.isArriving = duty.isArriving === true
    this.#duty = duty
    this.#log = log
  }

  run(signal: AbortSignal): Promise<Partial<Worked>> {
    const round = this.#last.then(() => (signal.aborted ? {} : this.#do(signal)))
    this.#last = round
    return round
  }

  async untilStopped(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isWoken = false
      await this.run(signal)
      if (!signal.aborted && !this.#isWoken) await this.#sleep()
    }
  }

  wake(): void {
    this.#isWoken = true
    for (const end of this.#sleepers) end()
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#sleepers.delete(end)
        resolve()
      }
      const timer = setTimeout(end, this.#duty.everyMs)
      this.#sleepers.add(end)
    })
  }

  async #do(signal: AbortSignal): Promise<Partial<Worked>> {
    try {
      return await this.#duty.run(signal)
    } catch (error) {
      const { name } = this.#duty
      if (!signal.aborted) this.#log('work-failed', { duty: name, error: error instanceof Error ? error.message : String(error) })
      return {}
    }
  }
}

/** What several rounds did together. */
export function sumOf(rounds: readonly Partial<Worked>[]): Worked {
  const of = (key: keyof Worked): number => rounds.reduce((sum, round) => sum + (round[key] ?? 0), 0)
  return { inbox: of('inbox'), told: of('told'), renewed: of('renewed'), swept: of('swept') }
}

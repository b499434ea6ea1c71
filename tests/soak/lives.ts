import { pause, type Random } from './random.ts'

/** Something that runs in a process, dies and begins anew. */
export interface Mortal {
  readonly name: string
  /** Ends it; resolves when it has gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Resolves when it is at work. */
  start(): Promise<void>
}

export interface Restarts {
  readonly everyMs: number
  /** Who may be restarted now, and whether it may be killed. */
  readonly mortals: () => readonly { readonly mortal: Mortal; readonly kills: boolean }[]
}

/** Restarts now one, now another, as an operator does and as a crash does, until it is over. When it resolves all are at work. */
export class Lives {
  /** When one was away, by `performance.now()`. */
  readonly outages: { readonly from: number; readonly to: number }[] = []
  readonly #restarts: Restarts
  readonly #random: Random

  constructor(restarts: Restarts, random: Random) {
    this.#restarts = restarts
    this.#random = random
  }

  async run(isOver: () => boolean): Promise<void> {
    const { everyMs, mortals } = this.#restarts
    for (;;) {
      for (const next = performance.now() + everyMs; performance.now() < next && !isOver();) await pause(100)
      if (isOver()) return
      const mortal = mortals()
      if (mortal.length > 0) await this.#restart(this.#random.pick(mortal))
    }
  }

  async #restart({ mortal, kills }: { readonly mortal: Mortal; readonly kills: boolean }): Promise<void> {
    const from = performance.now()
    await mortal.stop(kills && this.#random.hits(0.5) ? 'SIGKILL' : 'SIGTERM')
    await mortal.start()
    this.outages.push({ from, to: performance.now() })
  }
}

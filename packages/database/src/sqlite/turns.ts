/** One at a time, in order of asking. */
export class Turns {
  #taken = false
  readonly #waiting: (() => void)[] = []

  /** How many wait for the turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  get taken(): boolean {
    return this.#taken
  }

  take(): Promise<void> | undefined {
    if (this.#taken) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#taken = true
    return undefined
  }

  /** The turn goes to the next without ever being free in between. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#taken = false
  }
}

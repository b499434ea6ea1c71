/** The time of writes: UTC microseconds, each greater than the one before, even when the system's clock is set back. */
export class Clock {
  #last = 0

  /** @param after - the stored time that the new one must exceed (a document's `modified`) */
  now(after = 0): number {
    this.#last = Math.max(this.#last + 1, after + 1, Date.now() * 1000)
    return this.#last
  }
}

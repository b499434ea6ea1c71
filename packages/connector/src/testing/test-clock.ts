/**
 * A clock that tests move.
 *
 * With a start it stands still until it is moved; without one it goes with the time of day, and can be moved ahead all the same.
 */
export class TestClock {
  #offset: number
  readonly #base: () => number

  /** @param start milliseconds since 1970 */
  constructor(start?: number) {
    this.#offset = start ?? 0
    this.#base = start === undefined ? Date.now : () => 0
  }

  /** Milliseconds since 1970. To be handed to a connector as its `clock`. */
  readonly now = (): number => this.#base() + this.#offset

  /** @param ms milliseconds, to the past when negative */
  advance(ms: number): void {
    this.#offset += ms
  }

  /** The same clock as a machine reads it whose own is wrong by so many milliseconds. */
  skewed(ms: number): () => number {
    return () => this.now() + ms
  }
}

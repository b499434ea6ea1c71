/** So many of one kind, since the first of them. */
export interface Noted<Event> {
  readonly event: Event
  /** UTC microseconds, of the first. */
  readonly at: number
  readonly count: number
}

/**
 * Events that wait to be written. Those that are the same in all that they tell (an app asks for a token of its own again and again) are one
 * row with their number: so they cost their requests no rows, and the trail grows with the seconds and not with the calls.
 */
export class NotedEvents<Event extends object> {
  #waiting = new Map<string, { readonly event: Event; readonly at: number; count: number }>()

  /** Rows that they will be. */
  get size(): number {
    return this.#waiting.size
  }

  /** One more, at a time in UTC microseconds. */
  add(event: Event, at: number): void {
    this.#count({ event, at, count: 1 })
  }

  /** All of them, in the order of their first; nothing waits any more then. */
  take(): Noted<Event>[] {
    const taken = [...this.#waiting.values()]
    this.#waiting = new Map()
    return taken
  }

  /** Puts before what has come meanwhile what could not be written; of all that, the first `most` rows stay. */
  putBack(unwritten: readonly Noted<Event>[], most: number): void {
    for (const noted of [...unwritten, ...this.take()])
      if (this.size < most || this.#waiting.has(JSON.stringify(noted.event))) this.#count(noted)
  }

  #count({ event, at, count }: Noted<Event>): void {
    const key = JSON.stringify(event)
    const same = this.#waiting.get(key)
    if (same) same.count += count
    else this.#waiting.set(key, { event, at, count })
  }
}

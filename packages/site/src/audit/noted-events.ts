/** So many of one kind, since the first of them. */
export interface Noted<Told> {
  /** The same for whatever tells the same. */
  readonly key: string
  readonly event: Told
  /** UTC microseconds, of the first. */
  readonly at: number
  count: number
}

export interface NotedLimits<Told> {
  /** Different events that are kept apart; what comes beyond is one sum. */
  readonly most: number
  /** What the sum is told as. */
  readonly beyond: Told
}

/** No event has this key: keys are JSON. */
const BEYOND_KEY = 'beyond'

/**
 * Events that wait to be written. Those that are the same in all that they tell (an app asks for a token of its own again and again) are one
 * row with their number: so they cost their requests no rows, and the trail grows with the seconds and not with the calls.
 */
export class NotedEvents<Told extends object> {
  readonly #limits: NotedLimits<Told>
  #waiting = new Map<string, Noted<Told>>()

  constructor(limits: NotedLimits<Told>) {
    this.#limits = limits
  }

  /** Rows that they will be. */
  get size(): number {
    return this.#waiting.size
  }

  /** One more, at a time in UTC microseconds. */
  add(event: Told, at: number): void {
    this.#count({ key: JSON.stringify(event), event, at, count: 1 })
  }

  /** All of them, in the order of their first; nothing waits any more then. */
  take(): readonly Noted<Told>[] {
    const taken = [...this.#waiting.values()]
    this.#waiting = new Map()
    return taken
  }

  /** Puts what was taken and could not be written before what has come meanwhile. */
  putBack(unwritten: readonly Noted<Told>[]): void {
    const later = this.take()
    this.#waiting = new Map(unwritten.map((noted) => [noted.key, noted]))
    for (const noted of later) this.#count(noted)
  }

  #count(noted: Noted<Told>): void {
    const same = this.#waiting.get(noted.key)
    if (same) same.count += noted.count
    else if (this.size < this.#limits.most || noted.key === BEYOND_KEY) this.#waiting.set(noted.key, noted)
    else this.#count({ ...noted, key: BEYOND_KEY, event: this.#limits.beyond })
  }
}

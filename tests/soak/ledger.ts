import { listen } from './listen.ts'

export interface Told {
  /** Which start of a process it was told in. */
  readonly run: string
  readonly event: 'revoked' | 'needs-sign-in'
  readonly connection: string
  readonly reason: string
  /** `performance.now()` of the ledger. */
  readonly at: number
}

export interface Changed {
  readonly run: string
  readonly connection: string
  readonly name: string
  readonly modified: string
  readonly document: { readonly modified?: unknown } | null
  readonly at: number
}

/** A telling that is written down this shortly before its process died may be repeated: the app was told, and the store does not know it. */
const UNDER_WAY_MS = 5_000

/** What happened, written down by nobody who is restarted, and what of it must not have happened. */
export class Ledger {
  readonly url: string
  readonly told: Told[] = []
  readonly changed: Changed[] = []
  /** Sentences. */
  readonly faults: string[] = []
  readonly #close: () => Promise<void>
  /** Starts of processes that have ended, and when. */
  readonly #ended = new Map<string, number>()
  /** Connections whose access was taken away, and since when. */
  readonly #revoked = new Map<string, number>()

  private constructor(listening: { readonly url: string; close(): Promise<void> }, notes: Ledger['take'][]) {
    this.url = listening.url
    this.#close = () => listening.close()
    notes.push((kind, detail) => this.take(kind, detail))
  }

  static async open(): Promise<Ledger> {
    const notes: Ledger['take'][] = []
    const listening = await listen((path, body) => notes[0]?.(path.slice(1), JSON.parse(body) as object))
    return new Ledger(listening, notes)
  }

  /** A process says what it was told. */
  take(kind: string, detail: object): void {
    const at = performance.now()
    if (kind === 'told') this.#takeTold({ ...detail, at } as Told)
    else this.changed.push({ ...detail, at } as Changed)
  }

  ended(run: string): void {
    this.#ended.set(run, performance.now())
  }

  /** From now on this person's access may be gone. */
  revoking(connection: string): void {
    this.#revoked.set(connection, performance.now())
  }

  /** The person has signed in again. */
  restored(connection: string): void {
    this.#revoked.delete(connection)
  }

  /** What was told of an end since a moment. */
  toldOf(connection: string, since: number): Told[] {
    return this.told.filter((told) => told.connection === connection && told.at >= since)
  }

  fault(sentence: string): void {
    this.faults.push(`${(performance.now() / 1000).toFixed(1)} s: ${sentence}`)
  }

  /** Whether the process that wrote this down died soon after it. */
  diedAfter({ run, at }: { readonly run: string; readonly at: number }): boolean {
    const ended = this.#ended.get(run)
    return ended !== undefined && ended - at < UNDER_WAY_MS
  }

  close(): Promise<void> {
    return this.#close()
  }

  #takeTold(told: Told): void {
    const since = this.#revoked.get(told.connection)
    const before = this.told.filter(({ connection }) => connection === told.connection).at(-1)
    this.told.push(told)
    const isRepeat = before !== undefined && (since === undefined || before.at >= since)
    if (isRepeat && this.diedAfter(before)) return
    if (since === undefined)
      this.fault(`${told.run} was told that ${told.connection} ended (${told.event}: ${told.reason}), and nobody ended it`)
    else if (isRepeat) this.fault(`${told.run} was told of the end of ${told.connection} again, after ${before.run}, which lives`)
  }
}

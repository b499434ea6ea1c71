import type { InboxEntry, InboxStore } from '../connector-store.ts'
import { byDue, DueEntries } from './due-entries.ts'

interface MemoryEntry extends InboxEntry {
  readonly state: 'waiting' | 'done' | 'given-up'
  /** When somebody may take it. */
  readonly dueAt: number
  readonly taken: boolean
  /** It came again while somebody worked on it. */
  readonly again: boolean
  readonly error: string | null
}

export class MemoryInbox implements InboxStore {
  readonly #clock: () => number
  readonly #entries = new Map<string, MemoryEntry>()
  readonly #due = new Map<InboxEntry['kind'], DueEntries>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  async add(entry: Omit<InboxEntry, 'attempts'>, { again = false }: { readonly again?: boolean } = {}): Promise<'added' | 'repeat'> {
    const known = this.#entries.get(entry.id)
    if (known !== undefined && (!again || (known.state === 'waiting' && known.attempts === 0))) return 'repeat'
    if (known?.state === 'waiting') {
      this.#entries.set(entry.id, { ...known, again: known.taken, receivedAt: Math.max(known.receivedAt + 1, entry.receivedAt) })
      return 'repeat'
    }
    this.#wait({ ...entry, attempts: 0, state: 'waiting', dueAt: this.#clock(), taken: false, again: false, error: null })
    return 'added'
  }

  async take(kinds: readonly InboxEntry['kind'][], limit: number, leaseMs: number): Promise<InboxEntry[]> {
    const now = this.#clock()
    const taken: InboxEntry[] = []
    while (taken.length < limit) {
      const entry = this.#longestDue(kinds, now)
      if (entry === undefined) break
      taken.push(shown(this.#wait({ ...entry, attempts: entry.attempts + 1, dueAt: now + leaseMs, taken: true })))
    }
    return taken.toSorted(byAge)
  }

  async done(id: string): Promise<void> {
    this.#change(id, (entry) => this.#anew(entry) ?? { ...entry, state: 'done', taken: false, payload: '', error: null })
  }

  async retry(id: string, delayMs: number, error: string): Promise<void> {
    const dueAt = this.#clock() + delayMs
    this.#change(id, (entry) => ({ ...entry, dueAt, taken: false, again: false, error }))
  }

  async giveUp(id: string, error: string): Promise<void> {
    this.#change(id, (entry) => this.#anew(entry) ?? { ...entry, state: 'given-up', taken: false, error })
  }

  async list(state: 'waiting' | 'given-up', limit: number): Promise<(InboxEntry & { readonly error: string | null })[]> {
    const entries = [...this.#entries.values()].filter((entry) => entry.state === state)
    return entries
      .toSorted(byAge)
      .slice(0, limit)
      .map((entry) => ({ ...shown(entry), error: entry.error }))
  }

  async sweep(doneBefore: number, givenUpBefore: number): Promise<number> {
    const before = { waiting: -Infinity, done: doneBefore, 'given-up': givenUpBefore }
    const over = [...this.#entries.values()].filter((entry) => entry.receivedAt < before[entry.state])
    for (const { id } of over) this.#entries.delete(id)
    return over.length
  }

  #longestDue(kinds: readonly InboxEntry['kind'][], now: number): MemoryEntry | undefined {
    for (;;) {
      const [foremost] = kinds
        .flatMap((kind) => this.#due.get(kind) ?? [])
        .flatMap((queue) => (queue.first === undefined ? [] : { queue, first: queue.first }))
        .toSorted((a, b) => byDue(a.first, b.first))
      if (foremost === undefined || foremost.first.dueAt > now) return undefined
      const { queue, first } = foremost
      queue.removeFirst()
      const entry = this.#entries.get(first.id)
      if (entry?.state === 'waiting' && entry.dueAt === first.dueAt) return entry
    }
  }

  /** Keeps an entry that is due at a time of its own. */
  #wait(entry: MemoryEntry): MemoryEntry {
    const queue = this.#due.get(entry.kind) ?? new DueEntries()
    this.#due.set(entry.kind, queue)
    this.#entries.set(entry.id, entry)
    queue.add(entry)
    return entry
  }

  /** What came again while it was worked on. */
  #anew(entry: MemoryEntry): MemoryEntry | undefined {
    return entry.again ? { ...entry, again: false, taken: false, attempts: 0, dueAt: this.#clock(), error: null } : undefined
  }

  #change(id: string, change: (entry: MemoryEntry) => MemoryEntry): void {
    const entry = this.#entries.get(id)
    if (entry?.state !== 'waiting') return
    const next = change(entry)
    if (next.state === 'waiting') this.#wait(next)
    else this.#entries.set(id, next)
  }
}

const byAge = (a: InboxEntry, b: InboxEntry): number => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1)
const shown = ({ id, kind, payload, receivedAt, attempts }: InboxEntry): InboxEntry => ({ id, kind, payload, receivedAt, attempts })

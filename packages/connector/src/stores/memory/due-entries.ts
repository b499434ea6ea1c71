/** When an entry may be taken. One that has changed since is passed over: its own time stands with the entry. */
interface Due {
  readonly id: string
  readonly dueAt: number
}

/** Which of two is taken first: by the time they are due, then by id. */
export const byDue = (a: Due, b: Due): number => a.dueAt - b.dueAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** Ids in the order in which they are due; the first is at hand however many there are: a binary heap. */
export class DueEntries {
  readonly #heap: Due[] = []

  get first(): Due | undefined {
    return this.#heap[0]
  }

  add({ id, dueAt }: Due): void {
    const heap = this.#heap
    const due = { id, dueAt }
    let at = heap.push(due) - 1
    for (let above = (at - 1) >> 1; at > 0 && isBefore(due, heap[above]!); above = (at - 1) >> 1) {
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = due
  }

  removeFirst(): void {
    const heap = this.#heap
    const due = heap.pop()
    if (due === undefined || heap.length === 0) return
    let at = 0
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      const least = below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!) ? below + 1 : below
      if (isBefore(due, heap[least]!)) break
      heap[at] = heap[least]!
      at = least
    }
    heap[at] = due
  }
}

const isBefore = (a: Due, b: Due): boolean => byDue(a, b) < 0

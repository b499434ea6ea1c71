import { performance } from 'node:perf_hooks'
import { HttpConnection } from '../bench/http-connection.ts'

/** Calls at an even pace, whatever becomes of them. */
export interface PacedCalls {
  readonly origin: string
  readonly request: Buffer
  readonly perSecond: number
  readonly connections: number
}

/** What a pace of calls met. */
export interface Met {
  /** Milliseconds of each answer. */
  readonly latencies: readonly number[]
  /** Answers by their status. */
  readonly statuses: ReadonlyMap<number, number>
}

/**
 * Sends a request at an even pace for so many seconds, over kept-alive connections that take turns. A call whose connection is
 * still busy when its time comes waits for it, and that wait counts as its latency; that a timer of this process is late does not.
 */
export async function callAtPace({ origin, request, perSecond, connections }: PacedCalls, seconds: number): Promise<Met> {
  const latencies: number[] = []
  const statuses = new Map<number, number>()
  const begin = performance.now()
  const gap = 1000 / perSecond
  const lane = async (index: number): Promise<void> => {
    const connection = await HttpConnection.open(origin)
    try {
      for (let turn = index; turn * gap < seconds * 1000; turn += connections) {
        const due = begin + turn * gap
        const early = due - performance.now()
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
        const from = early > 0 ? performance.now() : due
        const { status } = await connection.send(request)
        latencies.push(performance.now() - from)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    } finally {
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => lane(index)))
  return { latencies, statuses }
}

/** The slowest of so many of a hundred. */
export function percentile(latencies: readonly number[], of: number): number {
  const sorted = latencies.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * of) / 100))] ?? 0
}

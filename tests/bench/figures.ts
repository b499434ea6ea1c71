import type { Round } from './load.ts'

/** What one server did with one kind of request, over all its rounds. */
export interface Figures {
  readonly requestsPerSecond: number
  /** Milliseconds, with all connections at work at once. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time of the server process. */
  readonly cpuPerRequest: number
}

export interface Wanted {
  readonly what: string
  readonly limit: string
  readonly measured: string
  readonly met: boolean
}

export function figuresOf(rounds: readonly Round[]): Figures {
  const latencies = Float64Array.from(rounds.flatMap((round) => round.latencies)).toSorted()
  const sum = (pick: (round: Round) => number): number => rounds.reduce((total, round) => total + pick(round), 0)
  return {
    requestsPerSecond: latencies.length / sum((round) => round.seconds),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuPerRequest: sum((round) => round.cpu) / latencies.length,
  }
}

export const quantile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0

export const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`

export const cells = ({ requestsPerSecond, p50, p99, cpuPerRequest }: Figures): string[] => [
  requestsPerSecond.toFixed(0),
  p50.toFixed(2),
  p99.toFixed(2),
  cpuPerRequest.toFixed(0),
]

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

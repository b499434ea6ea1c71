/** How long and how hard. */
export interface Soak {
  /** What happens is the same for the same seed; when it does is not. */
  readonly seed: string
  readonly seconds: number
  readonly persons: number
  readonly restartsEveryMs: number
  readonly revokesEveryMs: number
}

/** What of a soak is told and judged. */
export interface Findings {
  /** Sentences: what must not have happened. */
  readonly faults: readonly string[]
  readonly told: number
  readonly restarts: number
  /** Bytes in use of one process of the app, early and late in the second half. */
  readonly memory: readonly [early: number, late: number]
  /** From each end of access until the app was told, in milliseconds, where nothing was restarted meanwhile or just before. */
  readonly hearingsMs: readonly number[]
  readonly counts: Readonly<Record<string, number>>
  readonly seconds: number
}

/** The last first, each however the others fare. */
export async function closeAll(leave: readonly (() => Promise<void>)[]): Promise<void> {
  for (const act of leave.toReversed()) await act().catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
}

export function countOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const count of counts) for (const [name, number] of Object.entries(count)) sum[name] = (sum[name] ?? 0) + number
  return sum
}

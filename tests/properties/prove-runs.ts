/** How often a property is tried: `fewest` in the ordinary tests, as often as `npm run prove:properties` says in a proof. */
export const proveRuns = (fewest: number): number => Number(process.env['ANNEX_PROVE_RUNS'] ?? fewest)

/** Repeats a run that failed. */
export const proveSeed = (): number => Number(process.env['ANNEX_PROVE_SEED'] ?? 20260101)

/** Milliseconds that so many tries may take. */
export const proveTime = (fewest: number): number => 60_000 + proveRuns(fewest) * 200

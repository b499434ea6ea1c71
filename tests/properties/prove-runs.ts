/**
 * How often a property is tried: `fewest` in the ordinary tests, as often as `npm run prove:properties` says in a proof.
 *
 * @param steps - of one try, where it is a whole story: so many tries fewer come to as many steps
 */
export const proveRuns = (fewest: number, steps = 1): number =>
  process.env['ANNEX_PROVE_RUNS'] === undefined ? fewest : Math.ceil(Number(process.env['ANNEX_PROVE_RUNS']) / steps)

/** Repeats a run that failed. */
export const proveSeed = (): number => Number(process.env['ANNEX_PROVE_SEED'] ?? 20260101)

/** Milliseconds that so many tries may take. */
export const proveTime = (fewest: number): number => 60_000 + proveRuns(fewest) * 200

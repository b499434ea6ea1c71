import differences from './differences.json' with { type: 'json' }

/** A case that the two providers answer otherwise, knowingly. */
export interface Difference {
  readonly ours: string
  readonly theirs: string
}

/** Reviewed differences of one kind: why ours stays as it is, and the cases it shows in. */
interface Reviewed {
  readonly reason: string
  readonly cases: Readonly<Record<string, Difference>>
}

const reviewed: readonly Reviewed[] = differences

/** By the name of the case. */
export const reviewedDifferences = (): Readonly<Record<string, Difference>> =>
  Object.assign({}, ...reviewed.map(({ cases }) => cases)) as Readonly<Record<string, Difference>>

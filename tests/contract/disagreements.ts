import disagreements from './disagreements.json' with { type: 'json' }

/** A recorded step that this site answers otherwise, knowingly. */
interface Disagreement {
  /** Name of the recording without its ending. */
  readonly file: string
  /** Number and title, as the players print them: `30 filters that are not JSON`. */
  readonly step: string
  readonly reason: string
}

const listed: readonly Disagreement[] = disagreements

/** The steps of one recording that must differ, in its order. */
export const disagreementsIn = (file: string): string[] =>
  listed
    .filter((entry) => entry.file === file)
    .map((entry) => entry.step)
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))

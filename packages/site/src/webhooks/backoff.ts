const SECOND = 1_000_000
const [FIRST, LONGEST] = [5 * SECOND, 6 * 3600 * SECOND]

/**
 * Microseconds to wait after so many failures (from 1): five seconds, doubled each time, six hours at most, and up to a fifth
 * more or less, so that those that failed together do not come back together.
 *
 * @param asked - what the receiver asked for; kept to, as far as the six hours go
 */
export function backoff(failures: number, asked = 0, random: () => number = Math.random): number {
  const even = Math.min(FIRST * 2 ** Math.min(failures - 1, 20), LONGEST)
  return Math.round(Math.max(even * (0.8 + 0.4 * random()), Math.min(asked, LONGEST)))
}

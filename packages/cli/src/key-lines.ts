import type { Site } from '@annex/site'
import { shownTime } from './print.ts'

/** Signing keys as lines of text: state, algorithm, key id, since when. */
export const keyLines = (keys: ReturnType<Site['keys']['list']>): string[] =>
  keys.map(({ kid, alg, state, since }) => line(state, alg, kid, since))

type SecretKeys = readonly (Omit<ReturnType<Site['keys']['listSecret']>[number], 'state'> & {
  readonly state: string
  readonly uses?: readonly string[]
})[]

/** Secret keys in the same way, each with what hangs on it where that was counted. */
export const secretKeyLines = (keys: SecretKeys): string[] =>
  keys.map(({ kid, state, since, uses }) => line(state, 'secret', kid, since, ...(uses ? [wordsOf(state, uses)] : [])))

function wordsOf(state: string, uses: readonly string[]): string {
  if (state === 'retired' && uses.length === 0) return 'nothing hangs on it'
  return uses.join(', ')
}

const line = (state: string, kind: string, kid: string, since: number | undefined, ...more: readonly string[]): string =>
  [state.padEnd(7), kind.padEnd(6), kid, since === undefined ? '' : `since ${shownTime(since)}`, ...more]
    .filter((word) => word !== '')
    .join('  ')

import { invalid } from '@annex/protocol'
import { DAY } from '../../storage/durations.ts'

const LONGEST_OVERLAP = 30 * DAY

/**
 * Judges how long (microseconds) the secret before a new one shall go on being good. Two are good at a time: a third would end
 * one that the app may still use, and a form that is sent twice must not.
 *
 * @throws {FrappeError} `ValidationError` unless it is 0 to 30 days, or while the secret before the newest is good, unless all end at once
 */
export function requireOverlap(overlap: number, live: readonly unknown[]): void {
  if (!(overlap >= 0 && overlap <= LONGEST_OVERLAP)) throw invalid('The old secret can go on being good for 0 to 30 days')
  if (overlap > 0 && live.length > 1)
    throw invalid('Two secrets of this app are good already, the older one until its end: end one of them first, or wait for that')
}

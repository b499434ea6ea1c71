import { createHash } from 'node:crypto'
import type { Connection } from '@annex/database'
import { networkOf } from '../../audit/refusals/network-of.ts'
import { hasPlace, isKept, keepPlace, removeOldPlaces } from './known-place-store.ts'

export interface PlaceOfSignIn {
  readonly ip: string
  /** A few words. */
  readonly browser: string
}

/** Microseconds after which a place that was not used is forgotten: half a year. */
const KEPT = 180 * 86_400_000_000

/**
 * Remembers where a user signs in: a browser in a network. True when it is new to a user who has signed in elsewhere before.
 *
 * @param now - UTC microseconds
 */
export async function noticePlace(connection: Connection, user: string, place: PlaceOfSignIn, now: number): Promise<boolean> {
  const mark = markOf(user, place)
  await removeOldPlaces(connection, user, now - KEPT)
  const isFirst = !(await hasPlace(connection, user))
  return (await keepPlace(connection, { user, mark, last_used: now })) && !isFirst
}

/** Whether a user has signed in there before. */
export const isKnownPlace = (connection: Connection, user: string, place: PlaceOfSignIn): Promise<boolean> =>
  isKept(connection, user, markOf(user, place))

const markOf = (user: string, { ip, browser }: PlaceOfSignIn): string =>
  createHash('sha256')
    .update(JSON.stringify([user, browser, networkOf(ip)]))
    .digest('hex')

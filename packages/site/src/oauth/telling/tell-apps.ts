import type { Connection } from '@annex/database'
import type { SessionListener } from '../../identity/sessions/sessions.ts'
import type { Outbox } from '../../webhooks/outbox.ts'
import { readLeft } from '../access/closings/closings-store.ts'
import { listLogoutReceivers } from '../logout/logout-audience.ts'
import { sidOf } from '../logout/session-ids.ts'
import type { OAuthEvent, OAuthListener } from '../oauth-events.ts'
import { EVENT, LOGOUT, SESSION_REVOKED, TOKEN_CLAIMS_CHANGE, receiverOf, type EventPayload, type LogoutPayload } from './app-messages.ts'
import { readReceivers } from './receivers-store.ts'

export interface TellAppsParts {
  readonly outbox: Pick<Outbox, 'insert'>
  /** The user's `sub`, read in the transaction: the user may be going. */
  readonly subOf: (connection: Connection, user: string) => Promise<string | undefined>
  /** UTC microseconds. */
  readonly now: () => number
}

/** Of what the app did itself it need not sign anybody out. */
const OWN_DOING = 'token_revoked'

/**
 * Tells an app, in the transaction of the change, that a grant of it ended or was narrowed: by an event call where it has an
 * event URI, and of an end by a logout token where it has a back-channel logout URI.
 */
export function tellApps(parts: TellAppsParts): OAuthListener {
  return async (connection, event) => {
    if (event.event === 'grant.created') return
    // Of one that was closed a while ago its app, or its user, may be gone by now; or another has the user's name.
    const left = await readLeft(connection, { created: 0, ...event })
    const receivers = (await readReceivers(connection, event.client)) ?? left
    const [eventUri, logoutUri] = [receivers?.eventUri, receivers?.backchannelLogoutUri]
    if (eventUri === undefined && logoutUri === undefined) return
    const sub = left?.sub ?? (await parts.subOf(connection, event.user))
    if (eventUri !== undefined) await tellEvent(parts, connection, event, { url: eventUri, sub })
    if (logoutUri !== undefined && signsOut(event))
      await tellLogout(parts, connection, { client: event.client, url: logoutUri, sub, sid: sidIn(event) })
  }
}

/** Tells every app that a session signed in to, and that wants to hear of it, of the session's end; in its transaction. */
export function tellSessionEnd(parts: TellAppsParts): SessionListener {
  return async (connection, session) => {
    const receivers = await listLogoutReceivers(connection, session)
    if (receivers.length === 0) return
    const sub = await parts.subOf(connection, session.user)
    for (const { client, sid } of receivers)
      await tellLogout(parts, connection, { client: client.id, url: client.backchannelLogoutUri ?? '', sub, sid })
  }
}

async function tellEvent(
  { outbox, now }: TellAppsParts,
  connection: Connection,
  { event, client, grant, reason, scope }: OAuthEvent,
  told: Pick<EventPayload, 'url' | 'sub'>,
): Promise<void> {
  const isNarrowed = event === 'grant.narrowed'
  const type = isNarrowed ? TOKEN_CLAIMS_CHANGE : SESSION_REVOKED
  const payload: EventPayload = { client, ...told, type, at: now(), grant, reason, scope: isNarrowed ? (scope ?? '') : undefined }
  await outbox.insert(connection, { kind: EVENT, receiver: receiverOf(EVENT, client), payload: { ...payload } })
}

async function tellLogout({ outbox }: TellAppsParts, connection: Connection, payload: LogoutPayload): Promise<void> {
  // A logout token that names nobody would be none.
  if (payload.sub === undefined && payload.sid === undefined) return
  await outbox.insert(connection, { kind: LOGOUT, receiver: receiverOf(LOGOUT, payload.client), payload: { ...payload } })
}

/** Not when the app did it, nor when no person was there, nor of the session in which its user just consented anew. */
const signsOut = ({ event, reason, kind, session, replacedIn }: OAuthEvent): boolean =>
  event === 'grant.revoked' &&
  kind !== 'service' &&
  reason !== OWN_DOING &&
  (replacedIn === undefined || (session ?? replacedIn) !== replacedIn)

const sidIn = ({ client, session }: OAuthEvent): string | undefined =>
  session === null || session === undefined ? undefined : sidOf(client, session)

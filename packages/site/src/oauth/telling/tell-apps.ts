import type { Accounts } from '../../identity/accounts/accounts.ts'
import type { SessionListener } from '../../identity/sessions/sessions.ts'
import type { NewMessage, Outbox } from '../../webhooks/outbox.ts'
import { readLeft, type Left } from '../access/closings/closings-store.ts'
import { listLogoutReceivers } from '../logout/logout-audience.ts'
import { sidOf } from '../logout/session-ids.ts'
import type { OAuthEvent, OAuthListener } from '../oauth-events.ts'
import { EVENT, LOGOUT, SESSION_REVOKED, TOKEN_CLAIMS_CHANGE, receiverOf, type EventPayload, type LogoutPayload } from './app-messages.ts'
import { listReceivers } from './receivers-store.ts'

export interface TellAppsParts {
  readonly outbox: Pick<Outbox, 'insertAll'>
  /** Read in the transaction: the user may be going. */
  readonly accounts: Pick<Accounts, 'readSubs'>
  /** UTC microseconds. */
  readonly now: () => number
}

/** Of what the app did itself it need not sign anybody out. */
const OWN_DOING = 'token_revoked'

/** What happened to a grant, and where its app wants to hear of it. */
interface Told extends Pick<Left, 'eventUri' | 'backchannelLogoutUri'> {
  readonly event: OAuthEvent
  /** Of the user; undefined where nothing kept it. */
  readonly sub: string | undefined
}

/**
 * Tells apps, in the transaction of the change, that grants of them ended or were narrowed: by an event call where an app has an
 * event URI, and of an end by a logout token where it has a back-channel logout URI. However many they are, it takes few statements.
 */
export function tellApps({ outbox, accounts, now }: TellAppsParts): OAuthListener {
  return async (connection, events) => {
    const changes = events.filter(({ event }) => event !== 'grant.created')
    if (changes.length === 0) return
    const leftOf = await readLeft(connection, Math.min(...changes.map(createdOf)))
    const receivers = await listReceivers(connection, [...new Set(changes.map(({ client }) => client))])
    const told = changes.flatMap((event): Told[] => {
      // Of one that was closed a while ago its app, or its user, may be gone by now; or another has the user's name.
      const left = leftOf({ ...event, created: createdOf(event) })
      const { eventUri, backchannelLogoutUri } = receivers.get(event.client) ?? left ?? NOWHERE
      const isHeard = eventUri !== undefined || backchannelLogoutUri !== undefined
      return isHeard ? [{ event, eventUri, backchannelLogoutUri, sub: left?.sub }] : []
    })
    const unnamed = new Set(told.flatMap(({ event, sub }) => (sub === undefined ? [event.user] : [])))
    const subs = await accounts.readSubs(connection, [...unnamed])
    const messagesOf = ({ sub, ...one }: Told): NewMessage[] => grantMessages({ ...one, sub: sub ?? subs.get(one.event.user) }, now())
    await outbox.insertAll(connection, told.flatMap(messagesOf))
  }
}

/** Tells every app that a session signed in to, and that wants to hear of it, of the session's end; in its transaction. */
export function tellSessionEnd({ outbox, accounts }: TellAppsParts): SessionListener {
  return async (connection, session) => {
    const receivers = await listLogoutReceivers(connection, session)
    if (receivers.length === 0) return
    const sub = (await accounts.readSubs(connection, [session.user])).get(session.user)
    const messages = receivers.flatMap(({ client, sid }) =>
      logoutMessages({ client: client.id, url: client.backchannelLogoutUri ?? '', sub, sid }),
    )
    await outbox.insertAll(connection, messages)
  }
}

const NOWHERE = { eventUri: undefined, backchannelLogoutUri: undefined } as const

/** When the grant came about, or long before where the event does not say it: any closing of its app or user counts then. */
const createdOf = ({ created }: OAuthEvent): number => created ?? 0

function grantMessages({ event, sub, eventUri, backchannelLogoutUri: logoutUri }: Told, now: number): NewMessage[] {
  const { client } = event
  return [
    ...(eventUri === undefined ? [] : [eventMessage(event, { url: eventUri, sub }, now)]),
    ...(logoutUri !== undefined && signsOut(event) ? logoutMessages({ client, url: logoutUri, sub, sid: sidIn(event) }) : []),
  ]
}

function eventMessage(
  { event, client, grant, reason, scope }: OAuthEvent,
  told: Pick<EventPayload, 'url' | 'sub'>,
  at: number,
): NewMessage {
  const isNarrowed = event === 'grant.narrowed'
  const type = isNarrowed ? TOKEN_CLAIMS_CHANGE : SESSION_REVOKED
  const payload: EventPayload = { client, ...told, type, at, grant, reason, scope: isNarrowed ? (scope ?? '') : undefined }
  return { kind: EVENT, receiver: receiverOf(EVENT, client), payload: { ...payload } }
}

/** None of a logout token that would name nobody: it would be none. */
function logoutMessages(payload: LogoutPayload): NewMessage[] {
  if (payload.sub === undefined && payload.sid === undefined) return []
  return [{ kind: LOGOUT, receiver: receiverOf(LOGOUT, payload.client), payload: { ...payload } }]
}

/** Not when the app did it, nor when no person was there, nor of the session in which its user just consented anew. */
const signsOut = ({ event, reason, kind, session, replacedIn }: OAuthEvent): boolean =>
  event === 'grant.revoked' &&
  kind !== 'service' &&
  reason !== OWN_DOING &&
  (replacedIn === undefined || (session ?? replacedIn) !== replacedIn)

const sidIn = ({ client, session }: OAuthEvent): string | undefined =>
  session === null || session === undefined ? undefined : sidOf(client, session)

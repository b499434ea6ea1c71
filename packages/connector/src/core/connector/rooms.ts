import { lateRoom, lateWorkingRoom } from './answering/routes.ts'
import type { CommonOptions, SiteOptions } from './options.ts'
import type { Room, Route } from './room.ts'
import type { SiteParts } from './site-parts.ts'

/** Sign-in, and the rooms that an app has asked for by its options, each loaded when it is first needed. */
export function openRooms(options: CommonOptions & SiteOptions, parts: SiteParts): readonly Room[] {
  const { client, store, links, webhooks, revocations, scripts } = options
  const at = (method: Route['method'], path: string): Route => ({ method, path: `${parts.basePath}${path}`, body: method === 'POST' })
  const callback: Route = { method: 'GET', path: new URL(client.redirectUri).pathname, body: false }
  const signOut: Route = { ...at('POST', '/logout'), body: false }
  const rooms: Room[] = [
    lateRoom([at('GET', '/login'), callback, signOut], async () =>
      (await import('./answering/sign-in-routes.ts')).signInRoom(options, parts),
    ),
  ]
  if (links !== undefined)
    rooms.push(
      lateRoom([at('GET', '/links/*')], async () =>
        (await import('../links/links-room.ts')).linksRoom(parts, { definitions: parts.links, scopes: parts.registration.scopes }),
      ),
    )
  if ((webhooks ?? revocations) !== undefined && !store.durable)
    parts.log('store-not-durable', { advice: 'what was received is lost with this process: keep it in a database' })
  // First, so that it waits for no webhook.
  if (revocations !== undefined)
    rooms.push(
      lateWorkingRoom([at('POST', '/events'), at('POST', '/backchannel-logout')], async () =>
        (await import('../revocations/revocations-room.ts')).revocationsRoom(parts, revocations),
      ),
    )
  if (webhooks !== undefined)
    rooms.push(
      lateWorkingRoom([at('POST', '/webhook'), at('POST', '/webhook/*')], async () =>
        (await import('../webhooks/webhooks-room.ts')).webhooksRoom(parts, webhooks),
      ),
    )
  if (scripts === true)
    rooms.push(lateRoom([at('GET', '/script')], async () => (await import('../scripts/scripts-room.ts')).scriptsRoom(parts)))
  return rooms
}

import type { Room, RoomParts } from '../connector/room.ts'
import { scriptPage } from './script-page.ts'
import { issueScriptToken, TOKEN_LIFE_MS } from './script-tokens.ts'

/** `GET <base>/script`: a window on the app's own origin, which hands a script token to the page of the site that opened it. */
export function scriptsRoom(parts: RoomParts): Room {
  const path = `${parts.basePath}/script`
  return { routes: [{ route: { method: 'GET', path, body: false }, answer: (request) => handOver(request, parts, path) }] }
}

/** Who is not signed in, or has lost access to the site, goes there first and comes back to this very page. */
async function handOver(request: Request, parts: RoomParts, path: string): Promise<Response> {
  const session = await parts.session(request)
  const connection = session && (await parts.store.connections.read(session.connection))
  if (connection === undefined || connection.sealed === null) {
    const headers = { location: parts.signInUrl({ returnTo: path }), 'cache-control': 'no-store' }
    return new Response(null, { status: 303, headers })
  }
  return scriptPage(await issueScriptToken(connection.id, parts), TOKEN_LIFE_MS, new URL(parts.issuer).origin)
}

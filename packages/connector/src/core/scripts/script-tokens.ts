import { sessionOf, type Session } from '../sign-in/sessions.ts'
import type { RoomParts } from '../connector/room.ts'

export type ScriptParts = Pick<RoomParts, 'tenant' | 'issuer' | 'store' | 'sealer' | 'clock'>

/** Ten minutes: long enough for a form, short enough for what a page of the site can read. */
export const TOKEN_LIFE_MS = 600_000
const PLACE = 'scripts'

/** What a script token says: who, for which pages, until when. */
interface ScriptToken {
  readonly tenant: string
  readonly connection: string
  readonly origin: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** A token with which pages of the site call this app in the person's name. Nothing is stored. */
export function issueScriptToken(connection: string, { tenant, issuer, sealer, clock }: ScriptParts): Promise<string> {
  const token: ScriptToken = { tenant, connection, origin: new URL(issuer).origin, expiresAt: clock() + TOKEN_LIFE_MS }
  return sealer.seal(JSON.stringify(token), PLACE)
}

/** Whose token it is; undefined when it is over, of another tenant or site, or the person's access to the site has ended. */
export async function readScriptToken(text: string, { tenant, issuer, store, sealer, clock }: ScriptParts): Promise<Session | undefined> {
  const opened = await sealer.open(text, PLACE)
  // What opens was sealed above.
  const token = opened === undefined ? undefined : (JSON.parse(opened) as ScriptToken)
  if (token === undefined || token.tenant !== tenant || token.origin !== new URL(issuer).origin || token.expiresAt <= clock())
    return undefined
  const connection = await store.connections.read(token.connection)
  return connection === undefined || connection.sealed === null ? undefined : sessionOf(connection)
}

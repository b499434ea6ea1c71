import { hash } from 'node:crypto'
import type { Client } from '../clients/client.ts'

/**
 * What a client may know a session by: of 256 random bits, so that nobody guesses it, and another for each client, so that
 * two of them cannot find out that they serve the same person.
 *
 * @param session - the session's hash
 * @see OpenID Connect Back-Channel Logout 1.0 section 2.1
 */
export const sidOf = (client: string, session: string): string => hash('sha256', JSON.stringify(['sid', client, session]), 'base64url')

/** The `sid` of an id_token: for clients that are told when the session ends. Undefined for the others, and for grants that no session made. */
export const sidFor = (client: Pick<Client, 'id' | 'backchannelLogoutUri'>, session: string | null): string | undefined =>
  session === null || client.backchannelLogoutUri === undefined ? undefined : sidOf(client.id, session)

import { OAuthError } from '@annex/protocol'
import type { Client, ClientKind } from '../clients/client.ts'

const KINDS: ReadonlySet<ClientKind> = new Set(['native', 'public', 'agent'])

/**
 * Apps of the kinds native, public and agent may sign people in by a code on another screen, when an administrator has
 * registered them. An app on a web server has a browser before it; and one that registered itself could choose its name
 * and send its code to anybody.
 *
 * @throws {OAuthError} `unauthorized_client`
 */
export function requireDeviceClient(client: Client): void {
  if (!KINDS.has(client.kind)) throw refusal('An app of the kind native, public or agent alone may use device codes')
  if (client.dynamicallyRegistered)
    throw refusal('An app that registered itself may not use device codes; an administrator can register it')
}

const refusal = (sentence: string): OAuthError => new OAuthError('unauthorized_client', sentence)

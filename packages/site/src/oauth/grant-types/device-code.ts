import type { Connection } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import { requireDeviceClient } from '../device/device-clients.ts'
import { consumeDevice, noteQuestion, readDevice, slowDevice } from '../device/device-store.ts'
import { requireParameter } from '../endpoints/parameters.ts'
import { lockGrant, readGrant } from '../grants/grants-store.ts'
import { LIFETIMES } from '../grants/lifetimes.ts'
import { SECOND } from '../storage/durations.ts'
import type { DeviceRow } from '../storage/oauth-tables.ts'
import { hashOf } from '../token-text.ts'
import type { GrantType, TokenGrant, TokenRequest } from './grant-type.ts'
import { heldScopes, type GrantTypeParts } from './grant-type-parts.ts'
import { narrow } from './narrowing.ts'

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** Seconds that a device which asks too often must wait longer from then on. */
const SLOWER = 5
/** Microseconds by which a question may come early: its way here is not always equally long. */
const PATIENCE = 500_000

const refusal = (sentence = 'The device code is unknown or used; start the sign-in again'): OAuthError =>
  new OAuthError('invalid_grant', sentence)

/**
 * Tells a device what its user has decided, and gives the first tokens once they have allowed it.
 *
 * @throws {OAuthError} `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, and `invalid_grant` for a code
 * that is another client's or was used
 * @see RFC 8628 sections 3.4 and 3.5
 */
export function deviceCode(parts: GrantTypeParts): GrantType {
  return async (request) => {
    const { connection } = parts.database
    const { client } = request
    requireDeviceClient(client)
    const device = await readDevice(connection, hashOf(requireParameter(request.parameters, 'device_code')))
    if (!device || device.client !== client.id || device.state === 'used') throw refusal()
    if (device.state === 'denied') throw new OAuthError('access_denied', 'The user did not allow it')
    if (device.expires <= parts.now()) throw new OAuthError('expired_token', 'Nobody allowed it in time; start the sign-in again')
    if (device.state === 'open' || device.grant_id === null) throw await unanswered(parts, device)
    return collect(parts, { ...device, grant_id: device.grant_id }, request)
  }
}

async function unanswered(parts: GrantTypeParts, device: DeviceRow): Promise<OAuthError> {
  if (isHopeless(device) || (await isSoon(parts, device)))
    return new OAuthError('slow_down', `Ask less often: wait ${SLOWER} seconds longer between two questions`)
  return new OAuthError('authorization_pending', 'The user has not decided yet')
}

/** It must wait longer than it lives: no question of it comes in time any more, and none of them is worth a write. */
const isHopeless = ({ pace }: DeviceRow): boolean => pace * SECOND > LIFETIMES.device

function isSoon({ database, now }: GrantTypeParts, device: DeviceRow): Promise<boolean> {
  return database.transaction(async (connection) => {
    if (await noteQuestion(connection, device, now(), PATIENCE)) return false
    await slowDevice(connection, device.hash, SLOWER, now())
    return true
  })
}

type AllowedDevice = DeviceRow & { readonly grant_id: string }

async function collect(parts: GrantTypeParts, device: AllowedDevice, request: TokenRequest): Promise<TokenGrant> {
  const grant = await readGrant(parts.database.connection, device.grant_id)
  if (!grant || !(await parts.admission.allows(request.client, grant.user))) throw refusal('The user may not use this app any more')
  if (heldScopes(grant, request.client) === '') throw refusal('The app may not have any of these rights any more')
  const granted = await parts.database.transaction((connection) => consume(connection, parts, device, request), { durable: true })
  if (!granted) throw refusal()
  return granted
}

async function consume(
  connection: Connection,
  parts: GrantTypeParts,
  device: AllowedDevice,
  request: TokenRequest,
): Promise<TokenGrant | undefined> {
  const now = parts.now()
  const grant = await lockGrant(connection, device.grant_id, now)
  if (!grant || !(await consumeDevice(connection, device.hash, now))) return undefined
  const narrowed = narrow(grant, request, parts)
  const tokens = await parts.tokens.issue(connection, { grant, client: request.client, narrowed })
  return { tokens, grant, identity: { grant, nonce: null } }
}

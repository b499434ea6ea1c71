import type { Database } from '@annex/database'
import { OAuthError, type DocType } from '@annex/protocol'
import { addressBlock } from '../../http/address-block.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Limits } from '../../http/limits.ts'
import { paths } from '../../pages/paths.ts'
import type { Principal } from '../../policy/principal.ts'
import { SITE_OFF } from '../access/api-access.ts'
import { resolveScopes } from '../authorize/requested/requested-scopes.ts'
import type { Client } from '../clients/client.ts'
import type { ClientAuthentication } from '../clients/authentication/client-authentication.ts'
import { parseParameters } from '../endpoints/parameters.ts'
import { LIFETIMES } from '../grants/lifetimes.ts'
import { narrowResources } from '../grants/resources.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import type { DeviceRow } from '../storage/oauth-tables.ts'
import { hashOf, randomText, tokenText } from '../token-text.ts'
import { requireDeviceClient } from './device-clients.ts'
import { insertDevice } from './device-store.ts'
import { makeUserCode, userCodeHash } from './user-codes.ts'

export interface DeviceAuthorizationParts extends Pick<OAuthParts, 'issuer' | 'now' | 'settings' | 'generation'> {
  readonly database: Database
  readonly ring: KeyRing
  readonly clients: ClientAuthentication
  readonly doctypeOf: (name: string) => DocType | undefined
  /** Codes that one client asks for from one address. */
  readonly requests: Limits
}

/** Seconds between two questions of a device. */
const PACE = 5
/** A code of one in 25 billion that is taken is bad luck; five of them are a fault. */
const TRIES = 5

/**
 * Gives a device that has no browser a code to ask with and a code to show.
 *
 * @throws {OAuthError} `invalid_client`, `unauthorized_client`, `invalid_scope`, `invalid_target`
 * @see RFC 8628 section 3.1
 */
export async function deviceAuthorizationEndpoint(exchange: Exchange<Principal>, parts: DeviceAuthorizationParts): Promise<Answer> {
  const parameters = parseParameters(exchange)
  const client = await parts.clients.require({ parameters, authorization: exchange.headers['authorization'], ip: exchange.ip })
  requireDeviceClient(client)
  await parts.requests.consume(addressBlock(exchange.ip), client.id)
  // No authenticator ran before this: another process may have changed the settings.
  await parts.generation.observe(await parts.generation.read())
  if (!(await parts.settings.read()).apiAccess) throw new OAuthError('unauthorized_client', SITE_OFF)
  if (parameters.has('authorization_details'))
    throw new OAuthError('invalid_authorization_details', 'A device cannot ask for single documents; its user chooses on the page')
  const scope = parameters.get('scope')
  await checkScopes(client, scope, parts)
  const resource = narrowResources(parameters.get('resource'), null, parts.issuer())
  const { deviceCode, userCode } = await keep(client, scope ?? '', resource, parts)
  const page = parts.issuer() + paths.device
  return {
    headers: { pragma: 'no-cache' },
    json: {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${userCode}`,
      expires_in: LIFETIMES.device / 1_000_000,
      interval: PACE,
    },
  }
}

async function checkScopes(client: Client, scope: string | undefined, { doctypeOf, settings }: DeviceAuthorizationParts): Promise<void> {
  const { scopeSets: sets } = await settings.read()
  const scopes = resolveScopes({ client, scope, doctypeOf, sets })
  if (scopes.length === 0) throw new OAuthError('invalid_scope', 'The app asks for nothing; name a scope')
}

async function keep(
  client: Client,
  scopes: string,
  resource: string | null,
  { database, ring, now }: DeviceAuthorizationParts,
): Promise<{ deviceCode: string; userCode: string }> {
  const created = now()
  const waiting = { client: client.id, scopes, resource, created, expires: created + LIFETIMES.device, pace: PACE }
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [deviceCode, userCode] = [tokenText('device', '1', randomText()), makeUserCode()]
    const row: DeviceRow = {
      ...waiting,
      hash: hashOf(deviceCode),
      user_code: userCodeHash(userCode, ring),
      polled_at: null,
      user: null,
      state: 'open',
      grant_id: null,
    }
    if (await database.transaction((connection) => insertDevice(connection, row))) return { deviceCode, userCode }
  }
  throw new Error('Every user code that was drawn is taken')
}

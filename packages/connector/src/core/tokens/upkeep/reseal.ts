import type { ConnectorStore, RegistrationStore, StoredRegistration, TenantStore } from '../../../stores/connector-store.ts'
import { KeyRing, keyOf, type Keys } from '../../sealing/key-ring.ts'
import { registrationPlace } from '../../setup/registration.ts'
import { Vault } from '../token-vault.ts'

const PAGE = 200

/**
 * Seals everything in a store under the current key. May be repeated, and stopped at any time; apps may go on working.
 *
 * First give every process of the app the ring with the new key: one that knows only the old goes on writing under it.
 *
 * @param tenants the names of the app's tenants; `['']` for an app of one site
 * @returns how many rows each older key still has: a key that is not in the app's ring any more, or rows that were altered; a key with none may be taken out of the ring
 */
export async function resealStore(store: ConnectorStore, tenants: readonly string[], keys: Keys): Promise<ReadonlyMap<string, number>> {
  const sealer = new KeyRing(keys)
  const left = new Map(Object.keys(keys.ring).flatMap((id) => (id === keys.current ? [] : [[id, 0]])))
  const count = (sealed: string | null): void => {
    if (sealed !== null && keyOf(sealed) !== keys.current) left.set(keyOf(sealed), (left.get(keyOf(sealed)) ?? 0) + 1)
  }
  for (const tenant of tenants) {
    const { connections, registrations } = store.of(tenant)
    await resealConnections(connections, new Vault(connections, sealer, { tenant }), count)
    for (const registration of await registrations.list()) count(await resealSecret(registrations, tenant, registration, sealer))
  }
  return left
}

async function resealConnections(
  connections: TenantStore['connections'],
  vault: Vault,
  count: (sealed: string | null) => void,
): Promise<void> {
  for (let after = ''; ;) {
    const page = await connections.list({ after, limit: PAGE })
    for (const connection of page) count(await vault.reseal(connection))
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

async function resealSecret(
  registrations: RegistrationStore,
  tenant: string,
  registration: StoredRegistration,
  sealer: KeyRing,
): Promise<string | null> {
  const { issuer, redirectUri, secret } = registration
  if (secret === null || sealer.isCurrent(secret)) return secret
  const place = registrationPlace(tenant, registration)
  const text = await sealer.open(secret, place)
  if (text === undefined) return secret
  const sealed = await sealer.seal(text, place)
  if (await registrations.compareAndSwap({ ...registration, secret: sealed }, secret)) return sealed
  const now = await registrations.read(issuer, redirectUri)
  return now === undefined ? null : resealSecret(registrations, tenant, now, sealer)
}

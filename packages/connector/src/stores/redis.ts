import type { ConnectorStore, TenantStore } from './connector-store.ts'
import { openRedis, type RedisCall } from './redis/open-redis.ts'
import { RedisConnections } from './redis/connections.ts'
import { RedisDocnames } from './redis/docnames.ts'
import { RedisInbox } from './redis/inbox.ts'
import { RedisLeases } from './redis/leases.ts'
import { RedisRegistrations } from './redis/registrations.ts'
import { RedisSessions } from './redis/sessions.ts'

export type { RedisCall }

/**
 * Keeps a connector's part in Redis (6.2 or newer), under keys of its own.
 *
 * What it has acknowledged outlives a crash of Redis where that has `appendfsync always`. With `everysec`, its default, the last second may be lost when the
 * machine goes down, and up to two when Redis alone dies while its disk is slow.
 *
 * @param call sends one command: `redisStore((...words) => ioredis.call(...words))`, or with node-redis `(...words) => client.sendCommand(words)`; closing is the caller's
 * @param options.prefix what its keys begin with; `annex` when absent
 * @param options.mayForget accepts a Redis that evicts keys or keeps no append-only file: people may have to sign in again any time
 * @throws {Error} one sentence, when Redis may lose what it was given
 */
export async function redisStore(
  call: RedisCall,
  { prefix = 'annex', mayForget = false }: { readonly prefix?: string; readonly mayForget?: boolean } = {},
): Promise<ConnectorStore> {
  const redis = await openRedis(call, mayForget)
  // All keys of a tenant are in one slot of a cluster, as the scripts need it.
  return { of: (tenant) => openTenant(redis.call, `${prefix}:{t-${tenant}}:`), durable: redis.durable }
}

const openTenant = (call: RedisCall, stem: string): TenantStore => ({
  connections: new RedisConnections(call, stem),
  leases: new RedisLeases(call, stem),
  sessions: new RedisSessions(call, stem),
  docnames: new RedisDocnames(call, stem),
  inbox: new RedisInbox(call, stem),
  registrations: new RedisRegistrations(call, stem),
})

import { openRedisClient } from '../../../../tests/support/redis.ts'
import type { InboxEntry } from './connector-store.ts'
import { redisStore } from './redis.ts'
import { openSqlStore } from './sql.ts'

/** A process that takes one letter, says so, and does nothing more. */
const { url, entry } = JSON.parse(process.argv[2]!) as { url: string; entry: Omit<InboxEntry, 'attempts'> }
const store = url.startsWith('redis:') ? await redisStore(openRedisClient(url).call) : await openSqlStore(url)
process.stdout.write(await store.of('').inbox.add(entry))
setInterval(() => undefined, 1000)

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { engines, temporaryDatabase } from '../../../../../../tests/support/databases.ts'
import { noRedis, openRedisClient, TemporaryRedis } from '../../../../../../tests/support/redis.ts'
import { readTable } from '../../../../../../tests/support/stolen/stored.ts'
import type { ConnectorStore } from '../../../stores/connector-store.ts'
import { redisStore } from '../../../stores/redis.ts'
import { openSqlStore } from '../../../stores/sql.ts'

/** A store that several processes share, by its URL. */
export interface Home {
  readonly url: string
  readonly store: ConnectorStore
  /** All that lies there, as text: files of a database, tables, the file that Redis appends to. */
  dump(): Promise<string>
  remove(): Promise<void>
}

/** Every home that outlives a process. */
export const homes: readonly string[] = [...engines, ...(noRedis === undefined ? ['redis'] : [])]

export async function openHome(kind: string): Promise<Home> {
  return kind === 'redis' ? inRedis() : inDatabase(kind === 'sqlite' ? 'sqlite' : 'postgres')
}

async function inDatabase(engine: (typeof engines)[number]): Promise<Home> {
  const database = await temporaryDatabase(engine)
  const store = await openSqlStore(database.url)
  const tables = ['connection', 'session', 'lease', 'docname', 'inbox', 'registration'].map((name) => `connector_${name}`)
  return {
    url: database.url,
    store,
    dump: async () =>
      engine === 'sqlite'
        ? readFolder(dirname(database.url.slice('sqlite:'.length)))
        : JSON.stringify(await Promise.all(tables.map((table) => readTable(database.url, table)))),
    remove: async () => {
      await store.close()
      await database.remove()
    },
  }
}

async function inRedis(): Promise<Home> {
  const redis = await TemporaryRedis.start()
  const client = openRedisClient(redis.url)
  return {
    url: redis.url,
    store: await redisStore(client.call),
    dump: () => readFolder(redis.folder),
    remove: async () => {
      client.close()
      await redis.remove()
    },
  }
}

async function readFolder(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1'))
  return (await Promise.all(texts)).join('\n')
}

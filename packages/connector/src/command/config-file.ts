import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isRecord } from '@annex/protocol'
import { checkOptions, type CommonOptions, type SiteOptions } from '../core/connector/options.ts'
import { logoutUriOf } from '../core/revocations/revocation-options.ts'
import { createKeys, KeyRing, type Keys } from '../core/sealing/key-ring.ts'
import type { CheckParts } from '../core/setup/checking/check.ts'
import { Discovery } from '../core/setup/discovery.ts'
import { createFetchSend } from '../core/upstream/transport.ts'
import { memoryStore } from '../stores/memory.ts'
import type { ConnectorStore } from '../stores/connector-store.ts'

const TIMEOUT_MS = 10_000

/** What a command works with. */
export interface Settings {
  readonly site: SiteOptions
  /** Where the app keeps what it stores, if the file says so; a relative path begins at `folder`. */
  readonly store: string | undefined
  /** Of the file. */
  readonly folder: string
  /** Where the app hears of sign-outs, if it does. */
  readonly logoutUri: string | undefined
  /** The file with its keys, as a path from here. */
  readonly keys: string | undefined
}

/**
 * Reads the settings of an app: `{ issuer, client, scopes }` as `createConnector` takes them, and, for an app that registers
 * itself, `store` (the URL of its database) and `keys` (its key file), whose paths begin at this file; `basePath` and
 * `revocations` where the app sets them. A secret is better kept out of it: ANNEX_CLIENT_SECRET stands for `client.secret`.
 *
 * @throws {Error} one sentence that names the file and what is wrong in it
 */
export async function readSettings(path: string, env: Readonly<Record<string, string | undefined>> = process.env): Promise<Settings> {
  const json = await readJson(path)
  const { issuer, client, scopes, store, keys, basePath, revocations } = isRecord(json) ? json : {}
  const secret = env['ANNEX_CLIENT_SECRET']
  // Each is judged by `checkOptions`, as those of an app are.
  const site = { issuer, client: isRecord(client) && secret ? { ...client, secret } : client, scopes } as SiteOptions
  const more = { ...(basePath === undefined ? {} : { basePath }), ...(revocations === undefined ? {} : { revocations }) } as More
  try {
    checkOptions({ ...site, ...more, store: memoryStore(), keys: createKeys() })
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
  return {
    site,
    store: typeof store === 'string' ? store : undefined,
    folder: dirname(path),
    logoutUri: logoutUriOf(more.revocations, new URL(site.client.redirectUri).origin, more.basePath ?? '/connect'),
    keys: typeof keys === 'string' ? resolve(dirname(path), keys) : undefined,
  }
}

type More = Pick<CommonOptions, 'basePath' | 'revocations'>

/** What the settings open: a store of their own where they name one, else one that ends with the command. */
export async function openSettings({
  site,
  store: url,
  keys,
  folder,
  logoutUri,
}: Settings): Promise<{ parts: CheckParts; close: () => Promise<void> }> {
  const { issuer, client, scopes } = site
  const send = createFetchSend(fetch, TIMEOUT_MS)
  const ring = keys === undefined ? createKeys() : ((await readJson(keys)) as Keys)
  const store = url === undefined ? memoryStore() : await openStore(url, folder)
  const parts = {
    tenant: '',
    issuer,
    client,
    scopes: [...scopes.required, ...(scopes.optional ?? [])],
    logoutUri,
    store: store.of(''),
    sealer: new KeyRing(ring),
    discovery: new Discovery(issuer, send, Date.now),
    send,
    clock: Date.now,
  }
  return { parts, close: async () => store.close?.() }
}

async function openStore(url: string, folder: string): Promise<ConnectorStore> {
  const { openSqlStore } = await import('../stores/sql.ts')
  return openSqlStore(url, folder)
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (error) {
    const isThere = !(error instanceof Error && 'code' in error)
    throw new Error(isThere ? `${path} is not JSON` : `${path} cannot be read: name the file with the settings of the app`, {
      cause: error,
    })
  }
}

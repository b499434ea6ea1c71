import { OAUTH_PATHS } from '@annex/protocol'
import type { Database } from '@annex/database'
import type { CrossOriginRules } from '../../http/cross-origin.ts'
import { everyVersionOf } from '../endpoints/every-version.ts'
import { listAllowedOrigins } from '../clients/clients-store.ts'
import { readAllowedOrigins } from './allowed-origins-store.ts'
import { namedClient, type Naming } from './named-client.ts'

/** Microseconds for which the origins are remembered. What a token's own app allows is read with each call. */
const REMEMBERED = 2_000_000

/** Documents that are the same for everybody, and that programs in browsers read before they are known. */
const PUBLIC: ReadonlySet<string> = new Set(everyVersionOf(OAUTH_PATHS.configuration))

export interface AllowedOriginsParts {
  readonly database: Database
  /** UTC microseconds. */
  readonly now: () => number
}

/** The origins that some active app is used from: their scripts may call, each with the tokens of its own app alone. */
export class AllowedOrigins implements CrossOriginRules {
  readonly #parts: AllowedOriginsParts
  #known: { readonly since: number; readonly origins: Promise<ReadonlySet<string>> } | undefined

  constructor(parts: AllowedOriginsParts) {
    this.#parts = parts
  }

  async allows(origin: string): Promise<boolean> {
    const now = this.#parts.now()
    if (!this.#known || now - this.#known.since > REMEMBERED) {
      const origins = listAllowedOrigins(this.#parts.database.connection)
      this.#known = { since: now, origins }
      origins.catch(() => (this.#known = undefined))
    }
    return (await this.#known.origins).has(origin)
  }

  /** The origins of the app that a request to the token endpoint and its kin names: their scripts may read its answer, and no others. */
  async ofNamed(request: Naming): Promise<readonly string[]> {
    const client = namedClient(request)
    return client === undefined ? [] : readAllowedOrigins(this.#parts.database.connection, client)
  }

  isPublic(path: string): boolean {
    return path.startsWith('/.well-known/') || PUBLIC.has(path)
  }
}

import type { Generation } from '@annex/database'
import { FrappeError, OAUTH_PATHS } from '@annex/protocol'
import type { Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import type { Principal } from '../../policy/principal.ts'
import type { IdTokens } from '../keys/id-tokens.ts'
import type { OAuthSettings, SiteSettings } from '../settings.ts'
import { resourceMetadata, serverMetadata } from './discovery.ts'

export interface DiscoveryParts {
  readonly issuer: () => string
  readonly generation: Generation
  readonly settings: OAuthSettings
  readonly idTokens: IdTokens
  readonly grantTypes: ReadonlyMap<string, unknown>
  /** Microseconds. */
  readonly now: () => number
}

/** Anybody may read them from any page, and keep them for five minutes: less than a new key is known before its first use. */
const HEADERS = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }

/** The site's API: what a resource below it is named by. */
const API = /^\/api(\/|$)/

/**
 * The documents that clients begin with, each also where clients look for it that put the path of an API between (RFC 8414
 * section 3.1, RFC 9728 section 3.1): the site is one server and one issuer, whatever the path.
 */
export function discoveryRoutes(server: HttpServer<Principal>, parts: DiscoveryParts): void {
  const { issuer, generation, settings, idTokens, grantTypes, now } = parts
  const publish = (path: string, document: (settings: SiteSettings, exchange: Exchange<Principal>) => object): void =>
    server.route(
      'GET',
      path,
      async (exchange) => {
        // No authenticator ran before this: the policy and the keys may have changed in another process.
        await generation.observe(await generation.read())
        return { headers: HEADERS, json: document(await settings.read(), exchange) }
      },
      { authenticate: 'none' },
    )
  const metadata = (policy: SiteSettings): object =>
    serverMetadata({ issuer: issuer(), settings: policy, grantTypes: [...grantTypes.keys()], algorithms: idTokens.algorithms() })
  for (const path of [OAUTH_PATHS.serverMetadata, OAUTH_PATHS.openidDiscovery]) {
    publish(path, metadata)
    publish(`${path}/*`, metadata)
  }
  for (const path of [OAUTH_PATHS.configuration, `/api${OAUTH_PATHS.openidDiscovery}`]) publish(path, metadata)
  publish(OAUTH_PATHS.resourceMetadata, (policy) => resourceMetadata(issuer(), policy))
  publish(`${OAUTH_PATHS.resourceMetadata}/*`, (policy, { path }) => resourceMetadata(issuer(), policy, resourcePath(path)))
  publish(OAUTH_PATHS.jwks, () => idTokens.jwks(now()))
}

/** The path of the resource that was put behind the well-known one. */
function resourcePath(path: string): string {
  const resource = path.slice(OAUTH_PATHS.resourceMetadata.length)
  if (API.test(resource)) return resource
  throw new FrappeError('DoesNotExistError', 'The API of this site begins with /api; other paths are no resources')
}

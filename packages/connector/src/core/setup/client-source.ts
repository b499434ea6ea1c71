import { UpstreamUnavailable } from '../errors.ts'
import type { ClientOptions, RegisteredClient } from './client.ts'
import type { RegistrationParts } from './registration.ts'

/** Anybody may begin a sign-in, and a site that refuses may have registered another app each time that it was asked. */
const FAILURE_KEPT_MS = 10_000

/**
 * The client to speak as: as it is set, or as it has registered itself, which is asked for when it is first needed. A failure
 * stands for ten seconds, but for a site that cannot be reached.
 */
export function clientSource(options: ClientOptions, parts: RegistrationParts): () => Promise<RegisteredClient> {
  if ('id' in options) return async () => options
  let asked: { readonly client: Promise<RegisteredClient>; until: number } | undefined
  return () => {
    if (asked === undefined || parts.clock() > asked.until) {
      const own = { client: import('./registration.ts').then(({ register }) => register(options, parts)), until: Infinity }
      asked = own
      own.client.catch((error: unknown) => {
        const isAway = error instanceof UpstreamUnavailable && error.code === 'unreachable'
        own.until = isAway ? -Infinity : parts.clock() + FAILURE_KEPT_MS
      })
    }
    return asked.client
  }
}

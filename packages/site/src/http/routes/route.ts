import { FrappeError, OAuthError } from '@annex/protocol'
import type { CsrfRule } from '../cross-site.ts'
import type { Exchange, Handler } from '../exchange.ts'
import type { ReadRequest } from '../read-request.ts'
import { refuseRepeatedNames } from '../request-body.ts'

/** How requests to a route are read, judged and refused. */
export interface RouteOptions {
  readonly csrf?: CsrfRule
  /** `none`: the caller is the guest and the handler reads the Authorization header itself (client authentication of OAuth). */
  readonly authenticate?: 'none'
  /** `oauth`: what cannot be read is refused in the RFC's words, `invalid_request`, and not in Frappe's. */
  readonly refusals?: 'oauth'
  /**
   * The origins whose scripts may read the answer, by whom the request names as its caller. Absent = whom the site's own rules let in.
   */
  readonly scripts?: (request: Pick<Exchange<unknown>, 'headers' | 'form' | 'json'>) => Promise<readonly string[]>
  /** Whether a body that looks like a JSON object is one, whatever its media type says. */
  readonly jsonByLook?: true
  /** Bytes, where the server's own limit is too generous for whoever has not signed in yet. */
  readonly bodyLimit?: number
  /** The name by which the argument `cmd` reaches this route from other addresses; `*` takes the names that no other route has. */
  readonly command?: string
  /**
   * Whether `cmd` makes a request to this route a call of the command it names: wherever it stands, or (`query`) in the
   * query alone, where the body is a document whose fields are its writer's. At addresses without a route it always does.
   */
  readonly takesCommands?: 'anywhere' | 'query'
}

/** What answers at an address. */
export interface Route<C> {
  readonly methods: readonly string[]
  readonly handler: Handler<C>
  readonly options: RouteOptions
}

/** A request that cannot be read, in the words of the route's clients (RFC 6749 section 5.2). */
export function refusalFor({ refusals }: RouteOptions, error: unknown): unknown {
  if (refusals !== 'oauth' || !(error instanceof Error)) return error
  const status = error instanceof FrappeError ? error.status : 'statusCode' in error ? Number(error.statusCode) : 500
  if (![400, 413, 415, 417].includes(status)) return error
  const sentence = error instanceof FrappeError ? error.message : 'The body is too large or cannot be read'
  return new OAuthError('invalid_request', sentence, { status: status === 413 ? 413 : 400 })
}

/** A method that the address does not take: 405, with those that it does. */
export function wrongMethod(methods: readonly string[]): FrappeError {
  const allow = methods.join(', ')
  return new FrappeError('MethodNotAllowedError', `This address takes ${allow}`, { headers: { allow } })
}

/** What answers where no route does: only a command can be meant. Nobody is asked who they are before it is refused. */
export function refusing<C>(error: FrappeError): Route<C> {
  return { methods: [], handler: () => Promise.reject(error), options: { authenticate: 'none', takesCommands: 'anywhere' } }
}

/** The command that a request names, where its address lets it. */
export function commandIn({ credentials, query }: ReadRequest, { takesCommands }: RouteOptions): string | undefined {
  if (takesCommands === undefined) return undefined
  const command = takesCommands === 'query' ? query.get('cmd') : credentials.args['cmd']
  return typeof command === 'string' && command !== '' ? command : undefined
}

/**
 * What a route asks of a body more than every address does. A command's came under the limit of another address; and of a name that
 * JSON repeats, parsers take the first or the last as they please, which no word of a client may hang on.
 *
 * @throws {FrappeError} 413 or 400
 */
export function checkBody({ bodyLimit, refusals }: RouteOptions, body: unknown, { json }: ReadRequest['body']): void {
  if (!Buffer.isBuffer(body)) return
  if (bodyLimit !== undefined && body.length > bodyLimit)
    throw new FrappeError('RequestTooLargeError', 'The body is too large; send less at once')
  if (refusals === 'oauth' && json !== undefined) refuseRepeatedNames(body.toString(), json)
}

/** No route has the address, or the command. */
export const NOTHING_HERE = new FrappeError('DoesNotExistError', 'There is nothing at this address; check its spelling')

import type { Credentials } from '../credentials.ts'
import type { Fetch, Send, Transport } from '../transport.ts'
import type { Arguments, CallOptions } from '../types.ts'
import type { Version } from './paths.ts'

export interface CallsParts {
  readonly origin: string
  readonly credentials: Credentials
  readonly api: Version
  readonly send: Send
  /** What `send` goes by. */
  readonly transport: Transport
  readonly fetch: Fetch
  readonly clock: () => number
  readonly timeoutMs: number
  readonly retries: number
  readonly maxWaitMs: number
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly query?: Arguments
  /** Sent as JSON, a form as it is. */
  readonly body?: unknown
  readonly options?: CallOptions | undefined
  /** Whether asking twice does no harm; so it is with GET. */
  readonly idempotent?: boolean | undefined
}

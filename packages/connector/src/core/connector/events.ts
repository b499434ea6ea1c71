import type { SignInReason } from '../errors.ts'

/** What an app may listen to, with `connector.on`. Details never hold a token. */
export interface ConnectorEvents {
  'signed-in': { readonly connection: string; readonly isNew: boolean }
  'signed-out': { readonly connection: string; readonly by: 'person' | 'site' }
  'token-renewed': { readonly connection: string }
  /** The last renewal failed by weather; the old token serves while it is good. */
  degraded: { readonly connection: string; readonly reason: string; readonly retryAt: number }
  recovered: { readonly connection: string }
  /** Told once for each change of state, after it is stored; again only when this process died while telling. */
  'needs-sign-in': { readonly connection: string; readonly reason: SignInReason }
  revoked: { readonly connection: string; readonly reason: string }
  'scopes-changed': { readonly connection: string; readonly before: readonly string[]; readonly after: readonly string[] }
  'webhook-rejected': { readonly why: string; readonly path: string }
  'webhook-given-up': { readonly id: string; readonly error: string }
}

/** Hears of one event. What it throws is logged, and harms nobody else who listens. */
export type Listener<E extends keyof ConnectorEvents> = (detail: ConnectorEvents[E]) => void | Promise<void>

/** Writes one line of the log: the name of what happened, and its detail, which holds no token and no secret. */
export type Log = (event: string, detail: Readonly<Record<string, unknown>>) => void

/** The app's own log is in nobody's way. */
export const carefully =
  (log: Log): Log =>
  (event, detail) => {
    try {
      log(event, detail)
    } catch {
      // There is nowhere left to say it.
    }
  }

/** Who listens to what. A listener that fails is logged, and in nobody's way. */
export class Listeners {
  readonly #log: Log
  readonly #listeners = new Map<keyof ConnectorEvents, Set<(detail: never) => void | Promise<void>>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** @returns what ends the listening */
  on<E extends keyof ConnectorEvents>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** Whether anybody in this process listens. */
  hears(event: keyof ConnectorEvents): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0
  }

  /** Resolves when each listener is through, whatever it did. */
  async emit<E extends keyof ConnectorEvents>(event: E, detail: ConnectorEvents[E]): Promise<void> {
    const listeners = [...(this.#listeners.get(event) ?? [])] as Listener<E>[]
    await Promise.all(listeners.map((listener) => this.#tell(event, listener, detail)))
  }

  async #tell<E extends keyof ConnectorEvents>(event: E, listener: Listener<E>, detail: ConnectorEvents[E]): Promise<void> {
    try {
      await listener(detail)
    } catch (error) {
      this.#log('listener-failed', { event, error: error instanceof Error ? error.message : String(error) })
    }
  }
}

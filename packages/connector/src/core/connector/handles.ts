import type { Route } from './room.ts'

/** What an adapter needs of what it serves; a connector of one site and the connectors of several are both one. */
export interface Handles {
  /** Every path that is answered here, for frameworks that want to be told. */
  readonly routes: readonly Route[]
  /** Answers the own paths; undefined for every other. When `request.signal` aborts, what it asks of the site ends too. */
  handler(request: Request): Promise<Response | undefined>
  /**
   * The address that a request's target is handed on with; undefined for a target that is no path.
   *
   * With one site it is at the configured origin, whatever the Host header says. With several it is at the Host as it
   * came, which only chooses among the allowed tenants: each answers with its own configured origin.
   */
  addressOf(target: string, host: string | undefined): string | undefined
}

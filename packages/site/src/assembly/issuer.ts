import type { Config } from '../config.ts'

/** The site's own origin: what was set, or loopback with the port that was bound. The Host header never counts. */
export class Issuer {
  readonly #fixed: boolean
  #url: string

  constructor(config: Config) {
    this.#fixed = config.url !== undefined
    this.#url = config.url ?? `http://127.0.0.1:${config.port}`
  }

  readonly read = (): string => this.#url

  bound(port: number): string {
    if (!this.#fixed) this.#url = `http://127.0.0.1:${port}`
    return this.#url
  }
}

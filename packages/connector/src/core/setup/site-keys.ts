import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { UpstreamUnavailable } from '../errors.ts'
import { outageOf, type Send } from '../upstream/transport.ts'

/** The keys that a site publishes, fetched when one is wanted that is not known yet. */
export class SiteKeys {
  readonly #send: Send
  readonly #restMs: number
  #keys: { readonly uri: string; readonly get: JWTVerifyGetKey } | undefined

  /** @param restMs for so long after an answer the site is not asked for another unknown key: strangers may name as many as they like */
  constructor(send: Send, restMs: number) {
    this.#send = send
    this.#restMs = restMs
  }

  /**
   * Finds the key of a token.
   *
   * @throws {UpstreamUnavailable} (what is given) when the site does not show its keys
   */
  at(uri: string): JWTVerifyGetKey {
    if (this.#keys?.uri !== uri) {
      const options = { [customFetch]: (url: string) => this.#fetch(url), cooldownDuration: this.#restMs }
      this.#keys = { uri, get: createRemoteJWKSet(new URL(uri), options) }
    }
    return this.#keys.get
  }

  async #fetch(url: string): Promise<Response> {
    const answer = await this.#send(url, { headers: { accept: 'application/json' } })
    if (answer.status === 200) return Response.json(answer.json ?? null)
    throw new UpstreamUnavailable(outageOf(answer), `The site answered ${answer.status} for its keys: try again later`)
  }
}

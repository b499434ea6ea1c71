import { OAuthError, splitScope } from '@annex/protocol'
import type { Exchange } from '../../http/exchange.ts'

/** The parameters of an authorization request, as they came; a repeated one is kept, so that it can be refused. */
export class AuthorizationRequest {
  readonly #values: URLSearchParams

  constructor(values: URLSearchParams) {
    this.#values = values
  }

  /** Of a POST the body counts as well as the query: one name in both is a repeated name. */
  static of(exchange: Pick<Exchange<unknown>, 'query' | 'form' | 'json'>): AuthorizationRequest {
    if (exchange.json !== undefined) throw new OAuthError('invalid_request', 'Send the authorization request as a query or a form')
    return new AuthorizationRequest(new URLSearchParams([...exchange.query, ...(exchange.form ?? [])]))
  }

  static parse(text: string): AuthorizationRequest {
    return new AuthorizationRequest(new URLSearchParams(text))
  }

  /** The value of a parameter that came once; an empty one counts as absent (RFC 6749 section 3.1). */
  get(name: string): string | undefined {
    const all = this.#values.getAll(name)
    return all.length === 1 && all[0] !== '' ? all[0] : undefined
  }

  all(name: string): string[] {
    return this.#values.getAll(name)
  }

  isRepeated(name: string): boolean {
    return this.#values.getAll(name).length > 1
  }

  /** The names that came more than once. */
  repeated(): string[] {
    const [known, repeated] = [new Set<string>(), new Set<string>()]
    for (const name of this.#values.keys()) (known.has(name) ? repeated : known).add(name)
    return [...repeated]
  }

  /** `prompt` is a list of words. */
  prompts(): ReadonlySet<string> {
    return new Set((this.get('prompt') ?? '').split(' ').filter((word) => word !== ''))
  }

  /** The same request with other values of some parameters; undefined takes one out. */
  with(changes: Readonly<Record<string, string | undefined>>): AuthorizationRequest {
    const values = new URLSearchParams(this.#values)
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) values.delete(name)
      else values.set(name, value)
    }
    return new AuthorizationRequest(values)
  }

  /** The same right may have been named ten thousand times. */
  withEachScopeOnce(): AuthorizationRequest {
    const scope = this.get('scope')
    return scope === undefined ? this : this.with({ scope: splitScope(scope).join(' ') })
  }

  /** Form-encoded: what stands behind the `?`. */
  toString(): string {
    return this.#values.toString()
  }
}

/** The cookies of one person's browser at one site. Paths and domains are not looked at: there is one site. */
export class CookieJar {
  readonly #cookies = new Map<string, string>()

  /** The Cookie header, or undefined when there is none to send. */
  header(): string | undefined {
    if (this.#cookies.size === 0) return undefined
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  accept(headers: Headers): void {
    for (const line of headers.getSetCookie()) this.#acceptLine(line)
  }

  #acceptLine(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    const value = pair.slice(equals + 1)
    if (value === '' || isPast(attributes)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

// Max-Age outranks Expires (RFC 6265 section 5.3).
function isPast(attributes: readonly string[]): boolean {
  const given = new Map(
    attributes.map((attribute) => [attribute.split('=')[0]?.toLowerCase(), attribute.slice(attribute.indexOf('=') + 1)]),
  )
  const age = given.get('max-age')
  if (age !== undefined) return Number(age) <= 0
  const until = given.get('expires')
  return until !== undefined && Date.parse(until) <= Date.now()
}

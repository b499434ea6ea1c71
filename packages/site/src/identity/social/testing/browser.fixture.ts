export interface Shown {
  readonly status: number
  readonly text: string
  readonly location: string | undefined
}

let addresses = 0

/** A browser at an address of its own, which a proxy would name: one jar of cookies for each origin, and no redirect followed by itself. */
export class Browser {
  readonly #address = `10.1.${Math.trunc((addresses += 1) / 250)}.${(addresses % 250) + 1}`
  readonly #jars = new Map<string, Map<string, string>>()

  get(url: string): Promise<Shown> {
    return this.#send(url, {})
  }

  /** A form of a page of that origin. */
  post(url: string, fields: Readonly<Record<string, string>>): Promise<Shown> {
    return this.#send(url, { method: 'POST', body: new URLSearchParams(fields), headers: { origin: new URL(url).origin } })
  }

  cookie(url: string, name: string): string | undefined {
    return this.#jar(url).get(name)
  }

  /** Follows redirects until a page, or an address that begins so. */
  async follow(from: Shown, until = 'nowhere'): Promise<Shown> {
    let shown = from
    while (shown.location !== undefined && !shown.location.startsWith(until)) shown = await this.get(shown.location)
    return shown
  }

  #jar(url: string): Map<string, string> {
    const { origin } = new URL(url)
    let jar = this.#jars.get(origin)
    if (!jar) this.#jars.set(origin, (jar = new Map()))
    return jar
  }

  async #send(url: string, init: RequestInit): Promise<Shown> {
    const jar = this.#jar(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = {
      accept: 'text/html',
      cookie,
      'x-forwarded-for': this.#address,
      ...(init.headers as Record<string, string> | undefined),
    }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    const location = response.headers.get('location')
    return { status: response.status, text: await response.text(), location: location === null ? undefined : new URL(location, url).href }
  }
}

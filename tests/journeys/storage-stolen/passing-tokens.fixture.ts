/** Listens to what programs of this process send to a token endpoint and get from it, until it is stopped. */
export class PassingTokens {
  /** By the name of the parameter; `second` in front for those of a renewal. */
  readonly seen = new Map<string, string>()
  readonly #fetch = globalThis.fetch

  constructor() {
    globalThis.fetch = async (input, init) => {
      const answer = await this.#fetch(input, init)
      const url = input instanceof Request ? input.url : String(input)
      if (url.endsWith('.get_token') && typeof init?.body === 'string') await this.#note(new URLSearchParams(init.body), answer.clone())
      return answer
    }
  }

  stop(): void {
    globalThis.fetch = this.#fetch
  }

  async #note(sent: URLSearchParams, answer: Response): Promise<void> {
    const given = Object.entries((await answer.json()) as Record<string, unknown>).filter(([name]) => name.endsWith('_token'))
    const which = sent.get('grant_type') === 'refresh_token' ? 'second ' : ''
    for (const [name, value] of [...sent, ...given]) this.seen.set(which + name, String(value))
  }
}

import { parseReturnTo } from '../core/sign-in/cookies.ts'
import { CodeFlow } from './code-flow.ts'
import { PublicTokens, type PublicAccess, type PublicClientOptions } from './public-tokens.ts'

export { ConsentDenied, InvalidSignIn, ScopeMissing, SignInRequired, UpstreamUnavailable } from '../core/errors.ts'
export type { PublicAccess, PublicClientOptions } from './public-tokens.ts'

/** Which site, and where it sends the browser back to. */
export interface BrowserClientOptions extends PublicClientOptions {
  /** The page of this app that calls `finish`, byte for byte as registered at the site. */
  readonly redirectUri: string
}

/** One person's access to the site, from pages without a server. */
export interface PublicClient extends PublicAccess {
  /** Leaves the page for the site's sign-in. `returnTo`: where on this origin to be afterwards; this page when absent. */
  signIn(options?: { readonly returnTo?: string }): Promise<void>
  /**
   * On the redirect page: takes the tokens for the answer in the address, and takes that out of the address and of the
   * browser's history. False when there is nothing to finish.
   *
   * @throws {InvalidSignIn} for an answer to another sign-in, or of another site
   * @throws {ConsentDenied} when the person said no
   * @throws {UpstreamUnavailable} when the site does not answer
   */
  finish(): Promise<boolean>
}

const ANSWER = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']

/**
 * A public client in a browser: the code flow with PKCE. Tokens stand in this page's memory alone, so that a reload
 * needs a new sign-in, which takes no password while the site's own session lasts.
 */
export function createPublicClient(options: BrowserClientOptions): PublicClient {
  return new BrowserClient(options)
}

class BrowserClient extends PublicTokens implements PublicClient {
  readonly #flow: CodeFlow
  readonly #key: string

  constructor(options: BrowserClientOptions) {
    const { redirectUri } = options
    super({ options, redirectUri })
    this.#flow = new CodeFlow({ tokens: this, options, redirectUri })
    this.#key = `annex-sign-in ${options.clientId}`
  }

  async signIn({ returnTo = location.href }: { readonly returnTo?: string } = {}): Promise<void> {
    const { url, pending } = await this.#flow.begin(parseReturnTo(returnTo, location.origin))
    // Of this tab alone, and of no use without the site's answer, which is good once.
    sessionStorage.setItem(this.#key, pending)
    location.assign(url)
  }

  async finish(): Promise<boolean> {
    const url = new URL(location.href)
    const answer = new URLSearchParams(url.search)
    if (!answer.has('code') && !answer.has('error')) return false
    const pending = sessionStorage.getItem(this.#key)
    sessionStorage.removeItem(this.#key)
    for (const name of ANSWER) url.searchParams.delete(name)
    history.replaceState(history.state, '', url)
    history.replaceState(history.state, '', await this.#flow.finish(pending, answer))
    return true
  }
}

/** What a token is asked for with. */
export interface TokenOptions {
  /** A token that the site has just refused: it is not handed out again. */
  readonly rejected?: string | undefined
  /** Good for at least so long, in milliseconds; 60,000 at most. */
  readonly minLifeMs?: number
  /** Leaves off waiting; a renewal that others wait for goes on. */
  readonly signal?: AbortSignal | undefined
}

/** One source of who is calling: a person's token, renewed as needed, or the API key of one user as `key:secret`. */
export type Credentials = PersonCredentials | { readonly apiKey: string }

interface PersonCredentials {
  readonly token: (options?: TokenOptions) => Promise<string>
  /** Where the person signs in again. */
  readonly signInUrl: () => string
  /** Where the person is asked for one of these scopes; undefined where nobody can ask for them. */
  readonly stepUpUrl?: (needed: readonly string[]) => string | undefined
}

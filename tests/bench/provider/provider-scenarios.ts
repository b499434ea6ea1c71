import type { TokenResponse } from '@annex/protocol'
import { requestBytes, type Reply } from '../http-connection.ts'
import type { Sequence } from '../load.ts'
import type { Scenario } from '../scenarios.ts'

export interface Credentials {
  readonly id: string
  readonly secret: string
}

/** Where a provider answers, and what its apps hold: the same requests go to each that is measured. */
export interface Provider {
  readonly tokenPath: string
  readonly introspectionPath: string
  /** An app that people let in. */
  readonly client: Credentials
  /** An app that acts for itself. */
  readonly service: Credentials
  readonly redirectUri: string
  /** One for each connection. */
  readonly pairs: readonly Pick<TokenResponse, 'access_token' | 'refresh_token'>[]
  /** Unused codes, all with the challenge of `VERIFIER`. */
  readonly code: (index: number) => string
}

export const VERIFIER = 'the-proof-key-of-the-bench-that-is-the-same-every-time'

/** @param peer is measured beside the two, when there is one */
export function providerScenarios(site: Provider, peer?: Provider): Scenario[] {
  return KINDS.map(({ sequenceFor, ...kind }) => ({
    ...kind,
    sequence: (connection) => sequenceFor(site, connection),
    ...(peer ? { peer: (connection: number) => sequenceFor(peer, connection) } : {}),
  }))
}

interface Kind extends Pick<Scenario, 'name' | 'about' | 'gist'> {
  readonly sequenceFor: (provider: Provider, connection: number) => Sequence
}

const KINDS: readonly Kind[] = [
  {
    name: 'introspect',
    about: 'what an access token is worth, asked by its client',
    sequenceFor: (provider, connection) => introspections(provider, connection),
    gist: (answer) => {
      const { active, client_id, scope, sub, username } = answer as Record<string, unknown>
      return { active, client_id, scope, sub, username }
    },
  },
  {
    name: 'refresh',
    about: 'a refresh token for the next pair, client secret in the body',
    sequenceFor: (provider, connection) => new Refreshes(provider, connection),
  },
  {
    name: 'exchange',
    about: 'an authorization code with PKCE for the first pair and an id_token, one durable transaction',
    sequenceFor: (provider, connection) => exchanges(provider, connection),
  },
  {
    name: 'credentials',
    about: 'client credentials for an access token',
    sequenceFor: (provider) => credentials(provider),
  },
]

export const PROVIDER_KINDS: readonly string[] = KINDS.map(({ name }) => name)

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const post = (path: string, { id, secret }: Credentials, fields: Readonly<Record<string, string>>): Buffer => {
  const body = new URLSearchParams({ ...fields, client_id: id, client_secret: secret }).toString()
  return requestBytes({ method: 'POST', path, headers: FORM, body })
}

export const introspection = ({ introspectionPath, client }: Provider, token: string): Buffer =>
  post(introspectionPath, client, { token, token_type_hint: 'access_token' })

function introspections(provider: Provider, connection: number): Sequence {
  const bytes = introspection(provider, pairOf(provider, connection).access_token)
  return { next: () => bytes }
}

function credentials({ tokenPath, service }: Provider): Sequence {
  const bytes = post(tokenPath, service, { grant_type: 'client_credentials' })
  return { next: () => bytes }
}

/** Every connection takes codes of its own: each is good once. */
function exchanges({ tokenPath, client, redirectUri: redirect_uri, pairs, code }: Provider, connection: number): Sequence {
  const fields = { grant_type: 'authorization_code', redirect_uri, code_verifier: VERIFIER }
  let index = connection - pairs.length
  return { next: () => post(tokenPath, client, { ...fields, code: code((index += pairs.length)) }) }
}

/** A chain: every answer gives the token of the next request. */
class Refreshes implements Sequence {
  readonly #provider: Provider
  #token: string

  constructor(provider: Provider, connection: number) {
    this.#provider = provider
    this.#token = pairOf(provider, connection).refresh_token
  }

  next(): Buffer {
    const { tokenPath, client } = this.#provider
    return post(tokenPath, client, { grant_type: 'refresh_token', refresh_token: this.#token })
  }

  accept({ body }: Reply): void {
    this.#token = (JSON.parse(body.toString()) as TokenResponse).refresh_token
  }
}

function pairOf({ pairs }: Provider, connection: number): Provider['pairs'][number] {
  const pair = pairs[connection % pairs.length]
  if (!pair) throw new Error('The bench has no token')
  return pair
}

import type { Connector, Credentials, Fetch } from '@annex/connector'
import type { FakeChoice, FakeUpstream } from '@annex/connector/testing'

/** The users of the recorded fixture: sam is System Manager, bob Sales Lead, alice Sales Clerk, carol has no role. */
export type Person = 'sam' | 'bob' | 'alice' | 'carol'

/**
 * What not every upstream can do: `scopes` limit a token; a renewal whose answer was lost can be asked for again (`repeats`);
 * a request that nobody recorded is answered too; the site sends `webhooks` of documents, and tells by `events` and logout tokens
 * what becomes of access.
 */
export type Ability = 'scopes' | 'repeats' | 'answers to unrecorded requests' | 'webhooks' | 'events'

/** A site that the connector is tried on, with the DocTypes and documents of the recorded fixture. */
export interface UpstreamUnderTest {
  readonly url: string
  readonly fetch: Fetch
  /** An app that may ask for `openid` and `all`, and for `Client:read`. */
  readonly client: { readonly id: string; readonly secret: string; readonly redirectUri: string }
  /** What names of new documents hold, so that no two runs meet. */
  readonly run: string
  credentials(person: Person): Promise<Credentials>
  /** As a browser that comes to an authorization URL. */
  allow(authorizationUrl: string, choice: FakeChoice & { readonly user: Person }): Promise<string>
  readonly telling?: Telling
  /** The fake itself, where it sends on demand what others send by themselves. */
  readonly fake?: FakeUpstream
  close(): Promise<void>
}

/** How the site tells an app what becomes of access. */
export interface Telling {
  /** What it signs its event calls with. */
  readonly secret: string
  /** From now on it tells this app. */
  tell(app: Connector): void
  /** A person takes back what they allowed the app. */
  takeBack(person: Person): Promise<unknown>
  /** A person signs out at the site, in the browser in which they allowed the app last. */
  signOut(person: Person): Promise<unknown>
}

/** One thing that the connector does alike at every upstream. */
export interface Case {
  readonly title: string
  readonly needs?: readonly Ability[]
  readonly run: (upstream: UpstreamUnderTest) => Promise<void>
}

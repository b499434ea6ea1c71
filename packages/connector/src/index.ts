export { describeScope, FrappeError, OAuthError, readScope, splitScope } from '@annex/protocol'
export type { Document, LinkMatch, ServerMetadata, Values } from '@annex/protocol'
export type { Connection } from './connection.ts'
export { createConnector } from './connector.ts'
export type { Connector, ConnectorOptions, Route, SignInOptions } from './connector.ts'
export { ConsentDenied, InvalidSignIn, ScopeMissing, SignInRequired, UpstreamUnavailable } from './errors.ts'
export type { HeadersOf } from './sign-in/cookies.ts'
export type { Session } from './sign-in/sessions.ts'
export type { SignInFailure } from './sign-in/sign-in-pages.ts'
export type {
  ConnectionStore,
  ConnectorStore,
  LeaseStore,
  LinkStore,
  SeenLink,
  SessionStore,
  StoredConnection,
  StoredSession,
} from './stores/connector-store.ts'
export { memoryStore } from './stores/memory.ts'
export type { TokenOptions } from './tokens/access-tokens.ts'
export { createKeys } from './tokens/key-ring.ts'
export type { Keys } from './tokens/key-ring.ts'
export type { Client } from './tokens/token-requests.ts'
export type { LinkAnswer, LinkItem, Links } from './upstream/link-search.ts'
export type { Fetch } from './upstream/transport.ts'
export { UpstreamClient } from './upstream/upstream-client.ts'
export type { Credentials, Filters, LinkSearchOptions, ListOptions, UpstreamClientOptions } from './upstream/upstream-client.ts'

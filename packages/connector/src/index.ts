export { describeScope, FrappeError, OAuthError, readScope, splitScope } from '@annex/protocol'
export type { Document, LinkMatch, ServerMetadata, Values } from '@annex/protocol'
export type { SignInOptions } from './core/connector/answering/sign-in-options.ts'
export type { Connection } from './core/connector/connection.ts'
export { createConnector } from './core/connector/connector.ts'
export type { Connector } from './core/connector/connector.ts'
export type { ConnectorEvents, Listener, Log } from './core/connector/events.ts'
export type { Handles } from './core/connector/handles.ts'
export type { CommonOptions, ConnectorOptions, SiteOptions } from './core/connector/options.ts'
export type { Route, Worked } from './core/connector/room.ts'
export { createConnectors } from './core/connector/tenants/connectors.ts'
export type {
  Connectors,
  ConnectorsOptions,
  TenantListener,
  TenantOptions,
  TenantRequest,
  TenantWebhooks,
} from './core/connector/tenants/connectors.ts'
export type { Docnames } from './core/docnames/docnames.ts'
export type { LinkItem } from './core/docnames/shown-fields.ts'
export type { DocnameRef, DocnameVerdict } from './core/docnames/verdicts.ts'
export {
  AppRefused,
  ConsentDenied,
  InvalidSignIn,
  NotSupported,
  problemOf,
  ScopeMissing,
  SettingWrong,
  SignInRequired,
  UpstreamUnavailable,
} from './core/errors.ts'
export type { OutageCode, Problem, RefusalHint, SignInReason } from './core/errors.ts'
export type { LinkAnswer, LinkSearch } from './core/links/link-answer.ts'
export type { LinkDefinitions, LinkFieldOptions, LinkOptions, LinkSource } from './core/links/link-options.ts'
export type { Links } from './core/links/link-search.ts'
export type { RevocationOptions } from './core/revocations/revocation-options.ts'
export type { ScriptRequest, Scripts } from './core/scripts/scripts.ts'
export { createKeys, rotateKeys } from './core/sealing/key-ring.ts'
export type { Keys } from './core/sealing/key-ring.ts'
export { checkClient } from './core/setup/checking/check-client.ts'
export type { CheckedClient, CheckedEndpoints } from './core/setup/checking/check-client.ts'
export type { CheckOptions } from './core/setup/checking/check.ts'
export type { Finding } from './core/setup/checking/finding.ts'
export type { ClientOptions, RegisteredClient, SelfRegistering } from './core/setup/client.ts'
export { prefilledForm } from './core/setup/prefilled-form.ts'
export type { FormEntries } from './core/setup/prefilled-form.ts'
export type { HeadersOf } from './core/sign-in/cookies.ts'
export type { Session } from './core/sign-in/sessions.ts'
export type { SignInFailure } from './core/sign-in/sign-in-pages.ts'
export { resealStore } from './core/tokens/upkeep/reseal.ts'
export type { Credentials, TokenOptions } from './core/upstream/credentials.ts'
export { fetchTransport } from './core/upstream/transport.ts'
export type { Fetch, Incoming, Outgoing, Transport } from './core/upstream/transport.ts'
export type {
  Arguments,
  AssignOptions,
  CallOptions,
  CountOptions,
  DocTypeMeta,
  DocTypes,
  DocumentOf,
  DownloadOptions,
  FieldMeta,
  FieldOf,
  Filters,
  LinkSearchOptions,
  ListOptions,
  MethodOptions,
  RowOf,
  UploadOptions,
  ValuesOf,
} from './core/upstream/types.ts'
export { UpstreamClient } from './core/upstream/upstream-client.ts'
export type { UpstreamClientOptions } from './core/upstream/upstream-client.ts'
export type { FailedChange } from './core/upstream/verbs/client-methods.ts'
export type { DocumentChange, DocumentHint, WebhookOptions } from './core/webhooks/webhook-options.ts'
export type {
  ConnectionPage,
  ConnectionState,
  ConnectionStore,
  ConnectorStore,
  DocnameStore,
  IdlePage,
  IdlePlace,
  InboxEntry,
  InboxStore,
  KeptDocname,
  LeaseStore,
  RegistrationStore,
  SessionStore,
  StoredConnection,
  StoredRegistration,
  StoredSession,
  TenantStore,
} from './stores/connector-store.ts'
export { memoryStore } from './stores/memory.ts'

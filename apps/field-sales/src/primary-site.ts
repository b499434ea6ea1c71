import { createConnector, type Connector, type ConnectorStore, type DocumentChange, type SignInFailure } from '@annex/connector'
import type { FieldSalesConfig } from './config.ts'
import { fieldOf, LINKS, readWords } from './link-fields.ts'
import { problemPage } from './pages/welcome-page.ts'
import type { Person, Reports } from './reports-store.ts'

const REQUIRED_SCOPES = ['openid', 'Item:read'] as const
const OPTIONAL_SCOPES = ['Customer:read'] as const

/** A person waits for these calls. */
const TIMEOUT_MS = 5_000

export interface PrimarySiteParts {
  readonly config: FieldSalesConfig
  readonly store: ConnectorStore
  readonly reports: Reports
  /** One line of the log. */
  readonly log: (line: string) => void
}

/** Joins the app with its primary site: sign-in, link fields, and what the site tells by itself. */
export function joinPrimarySite(parts: PrimarySiteParts): Connector {
  const { config, store, reports, log } = parts
  const { issuer, clientId, clientSecret, url, keys, webhookSecret, eventSecret } = config
  const onDocument = (change: DocumentChange): Promise<void> => follow(change, connector, parts)
  const connector = createConnector({
    issuer,
    client: { id: clientId, secret: clientSecret, redirectUri: `${url}/connect/callback` },
    scopes: { required: REQUIRED_SCOPES, optional: OPTIONAL_SCOPES },
    store,
    keys,
    links: LINKS,
    ...(webhookSecret === undefined ? {} : { webhooks: { secrets: { frappe: [webhookSecret] }, onDocument } }),
    ...(eventSecret === undefined ? {} : { revocations: { eventSecrets: [eventSecret] } }),
    timeoutMs: TIMEOUT_MS,
    log: (event, detail) => log(JSON.stringify({ event, ...detail })),
    onSignInFailed: (failure) => notSignedIn(failure, `${url}/connect/logout`),
  })
  // What a person wrote stays theirs; what the site had said about it goes with the access.
  connector.on('revoked', async ({ connection }) => {
    const person = await personOf(store, connection)
    if (person !== undefined) reports.forgetLabels(person)
  })
  return connector
}

/** An item or a customer is called otherwise now, has another name, or may not be seen any more by one person. */
async function follow(
  { connection, doctype, name, renamedTo }: DocumentChange,
  connector: Connector,
  parts: PrimarySiteParts,
): Promise<void> {
  const person = await personOf(parts.store, connection)
  const field = fieldOf(doctype)
  if (person === undefined || field === undefined) return
  if (renamedTo !== null) parts.reports.rename(person, field, name, renamedTo)
  const now = renamedTo ?? name
  const words = await readWords(connector.connection(connection), field, [now])
  parts.reports.relabel(person, field, now, words.get(now) ?? '')
}

async function personOf(store: ConnectorStore, connection: string): Promise<Person | undefined> {
  const found = await store.of('').connections.read(connection)
  return found && { issuer: found.issuer, subject: found.subject }
}

function notSignedIn({ status, message, again }: SignInFailure, signOutUrl: string): Response {
  const page = problemPage({ title: 'You are not signed in', message, again, signOutUrl })
  return new Response(page, { status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
}

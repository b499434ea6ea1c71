import type { Connection } from '@annex/database'

export type ConnectionRow = {
  tenant: string
  id: string
  version: number
  issuer: string
  subject: string
  name: string
  email: string | null
  /** Apart by spaces, as on the wire. */
  scopes: string
  sealed: string | null
  issued_at: number
  expires_at: number
  state: string
  reason: string | null
  state_at: number
  untold: string | null
  /** 1 while something may be kept for a person whose access has ended. */
  unforgotten: number | null
  failures: number
  retry_at: number
  renewed_at: number
}

export type SessionRow = { tenant: string; hash: string; connection: string; expires_at: number; sid: string | null }

export type DocnameRow = {
  tenant: string
  owner: string
  doctype: string
  name: string
  label: string
  description: string
  /** JSON, its names in order, so that equal fields are equal texts. */
  fields: string
  modified: string
  creation: string
  state: string
  renamed_to: string | null
  seen_at: number
}

export type SourceRow = { tenant: string; owner: string; doctype: string; source: string; name: string; seen_at: number }

export type InboxRow = {
  tenant: string
  id: string
  kind: string
  payload: string
  received_at: number
  attempts: number
  state: string
  due_at: number
  /** 1 while somebody works on it. */
  taken: number
  /** 1 when it came again while somebody worked on it. */
  again: number
  error: string | null
}

export type RegistrationRow = {
  tenant: string
  issuer: string
  redirect_uri: string
  client_id: string
  secret: string | null
  registered_at: number
}

export type Tables = {
  connector_connection: ConnectionRow
  connector_lease: { tenant: string; name: string; holder: string; expires_at: number }
  connector_session: SessionRow
  connector_docname: DocnameRow
  connector_docname_source: SourceRow
  connector_inbox: InboxRow
  connector_registration: RegistrationRow
}

/** The connector's tables, where queries run. */
export const tablesOf = (connection: Connection) => connection.withTables<Tables>()

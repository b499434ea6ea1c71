import type { Connection } from '@annex/database'

export type ConnectionRow = {
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
}

export type LinkRow = {
  connection: string
  doctype: string
  filters: string
  value: string
  label: string
  description: string
  seen_at: number
}

type Tables = {
  connector_connection: ConnectionRow
  connector_lease: { name: string; holder: string; expires_at: number }
  connector_session: { hash: string; connection: string; expires_at: number }
  connector_link: LinkRow
}

/** The connector's tables, where queries run. */
export const tablesOf = (connection: Connection) => connection.withTables<Tables>()

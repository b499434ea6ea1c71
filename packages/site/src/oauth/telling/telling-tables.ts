export interface EventSecretRow {
  id: string
  client: string
  /** Of the key that opens it. */
  key_id: string
  sealed: string
  created: number
  /** null = until it is changed. */
  expires: number | null
}

export type TellingTables = {
  oauth_event_secret: EventSecretRow
}

/** One row of the trail. */
export interface AuditRow {
  id: string
  /** UTC microseconds. */
  at: number
  event: string
  /** Who, as the chain names them; audit_person says who that is. */
  person: string | null
  /** Another whom it is about. */
  about: string | null
  client: string | null
  grant_id: string | null
  /** Of a refusal: what the caller was told to quote. */
  incident: string | null
  /** How many times it happened, in this row. */
  count: number
  /** Stands for the address in the chain. */
  address: string | null
  /** JSON. */
  detail: string | null
  /** Beside the chain, with its salt: both are taken out when the person is erased. */
  ip: string | null
  salt: string | null
  /** The batch of the chain that it is sealed in; null = not yet. */
  batch: number | null
}

/** A user's name beside the chain. `person` is a commitment to it, random by its salt. */
export interface PersonRow {
  person: string
  user: string
  salt: string
}

/** A link of the chain. */
export interface BatchRow {
  number: number
  at: number
  rows: number
  until: number
  head: string
  key_id: string
  signature: string
}

/** What pruning leaves: the head of the last batch that was removed. */
export interface CheckpointRow {
  number: number
  at: number
  /** Rows removed since the trail began. */
  removed: number
  head: string
  key_id: string
  signature: string
}

export type AuditTables = {
  audit: AuditRow
  audit_person: PersonRow
  audit_batch: BatchRow
  audit_checkpoint: CheckpointRow
  /** One row: the end of the chain. Whoever adds to it locks it. */
  audit_head: { id: number; number: number; head: string }
}

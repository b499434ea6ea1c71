import type { Connection, Database, Dialect } from '@annex/database'
import type { DocType, Document } from '@annex/protocol'
import type { Method } from '../backend/method.ts'
import type { Controller } from '../doctypes/controller.ts'
import type { DocTypes } from '../doctypes/doctypes.ts'
import type { Clock } from '../doctypes/values/clock.ts'
import type { Principal } from '../policy/principal.ts'
import type { DocumentStore } from './document-store.ts'
import type { KeptLimits } from './limits/kept-limits.ts'
import type { ListPlans } from './query/plans/list-plans.ts'
import type { Sealer } from './secrets/sealer.ts'

export type Act = 'insert' | 'update' | 'submit' | 'cancel' | 'update_after_submit' | 'rename' | 'remove'

/** One change of one document, told after its write and before its commit. */
export interface DocumentEvent {
  readonly connection: Connection
  readonly act: Act
  readonly doctype: DocType
  /** Who changed it, and through which app. */
  readonly principal: Principal
  readonly document: Document
  /** As it was; absent on insert. */
  readonly previous?: Document
}

/** Runs in the transaction of the change: what it writes commits with it, what it throws undoes it. */
export type DocumentListener = (event: DocumentEvent) => Promise<void>

export interface DocumentsParts {
  readonly database: Database
  readonly doctypes: DocTypes
  readonly clock: Clock
  /** IANA name of the zone in which times are shown and meant. */
  readonly zone: string
  readonly controllers: ReadonlyMap<string, Controller>
  /** Keeps the values of Password fields. */
  readonly sealer: Sealer
  readonly methods: ReadonlyMap<string, Method>
  readonly listeners?: readonly DocumentListener[]
  /** Whether a DocType that this site does not have lives at another one, so that links to it are not looked at. */
  readonly isElsewhere?: (doctype: string) => boolean
}

/** What every verb works with. */
export interface Premises extends DocumentsParts {
  readonly dialect: Dialect
  readonly store: DocumentStore
  readonly listPlans: ListPlans
  readonly keptLimits: KeptLimits
}

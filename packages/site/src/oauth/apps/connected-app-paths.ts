import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Documents } from '../../documents/documents.ts'
import type { Person } from '../../pages/layout.ts'
import { paths } from '../../pages/paths.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Clients } from '../clients/clients.ts'
import type { OAuthParts, Users } from '../oauth-parts.ts'
import type { SiteSettings } from '../settings.ts'
import type { Telling } from '../telling/telling.ts'
import type { Words } from './app-views.ts'
import type { Apps } from './apps.ts'

export interface ConnectedAppsParts extends Words {
  readonly apps: Apps
  readonly clients: Clients
  readonly users: Users
  readonly identities: OAuthParts['identities']
  readonly documents: Pick<Documents, 'read' | 'update'>
  readonly settings: { read(): SiteSettings | Promise<SiteSettings> }
  readonly telling: Pick<Telling, 'deliveries' | 'eventSecrets'>
}

export type Request = Exchange<Principal>
/** A page of System Managers, or what a button of one does. */
export type Act = (exchange: Request, person: Person, parts: ConnectedAppsParts) => Promise<Answer>

export const NEW = `${paths.connectedApps}/new`
/** Frappe's form of a new app, which integrators link to with its fields in the query. */
export const FRAPPE_NEW = '/app/oauth-client/new'
export const SETTINGS_PAGE = `${paths.connectedApps}/settings`
export const APPROVALS = `${paths.connectedApps}/approvals`
export const ONE = `${paths.connectedApps}/:id`
export const pathOf = (id: string): string => `${paths.connectedApps}/${encodeURIComponent(id)}`
/** What one app is told. */
export const toldPathOf = (id: string): string => `${pathOf(id)}/told`
export const idOf = (exchange: Request): string => exchange.params['id'] ?? ''

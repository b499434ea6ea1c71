import type { Filter, ScopeSet } from '@annex/protocol'

/** A restriction of a user to certain documents of one DocType. */
export interface UserPermission {
  readonly allow: string
  readonly for_value: string
  /** The one DocType it holds for; null = for all. */
  readonly applicable_for: string | null
  readonly is_default: boolean
}

/** What an access token brought along. Its scopes narrow what the user may do and never add to it. */
export interface TokenRights {
  /** SHA-256 of the token, hex: its name wherever it must be named. */
  readonly hash: string
  readonly grant: string
  readonly client: string
  readonly scopes: ScopeSet
  /** A System Manager lifted the fence for this client. */
  readonly unfenced: boolean
  /** DocType name to the DocType's id at consent: a namesake made later is not covered. */
  readonly doctypeIds: Readonly<Record<string, string>>
  /** By DocType, what each document that this token reaches must meet, before a change and after it; absent = no such limit. */
  readonly rowFilters?: ReadonlyMap<string, readonly Filter[]>
}

/** Who is calling, and all that a decision about them needs. */
export interface Principal {
  /** `Guest`, `Administrator`, or the name of a User. */
  readonly user: string
  /** With the automatic ones: Guest, All, Desk User. */
  readonly roles: ReadonlySet<string>
  readonly userPermissions: readonly UserPermission[]
  /** DocTypes of which some document is shared with the user, or with everyone: shares of no others are looked for. */
  readonly sharedDoctypes: ReadonlySet<string>
  /** Switched off for this user: no program may act for them. Absent = on. */
  readonly apiAccess?: false
  /** Whether they have the second factor that a role of theirs asks for: no session of somebody who lacks it counts. Absent = none does. */
  readonly factor?: 'kept' | 'lacking'
  /** What they have set for Link fields of new documents, by the field's name; absent when nothing. */
  readonly defaults?: ReadonlyMap<string, string>
  /** Absent for a session or an API key: permissions alone decide. */
  readonly token?: TokenRights
  /** SHA-256 of the session's id, hex, when a cookie brought the caller here. */
  readonly session?: string
}

export const isAdministrator = (principal: Principal): boolean => principal.user === 'Administrator'
export const isGuest = (principal: Principal): boolean => principal.user === 'Guest'
const NOTHING: ReadonlySet<string> = new Set()
export const GUEST: Principal = { user: 'Guest', roles: new Set(['Guest']), userPermissions: [], sharedDoctypes: NOTHING }
export const ADMINISTRATOR: Principal = {
  user: 'Administrator',
  roles: new Set(['Administrator', 'System Manager', 'All', 'Guest', 'Desk User']),
  userPermissions: [],
  sharedDoctypes: NOTHING,
}

import type { Generation } from '@annex/database'
import type { Document, Filter } from '@annex/protocol'
import { ADMINISTRATOR, GUEST, type Principal, type TokenRights, type UserPermission } from '../policy/principal.ts'
import type { Accounts } from './accounts/accounts.ts'

/** What is read of documents: a User's roles, those Roles, and User Permissions. */
export interface DocumentReader {
  read(principal: Principal, id: { readonly doctype: string; readonly name: string }): Promise<Document>
  list(
    principal: Principal,
    request: { readonly doctype: string; readonly fields: readonly string[]; readonly filters: readonly Filter[]; readonly limit: null },
  ): Promise<Record<string, unknown>[]>
}

export interface PrincipalsParts {
  readonly accounts: Accounts
  readonly documents: DocumentReader
  readonly generation: Generation
}

const MOST_KEPT = 10_000

/**
 * What users are judged by, kept until the generation moves: whoever authenticates hands the generation that
 * its query read to `Generation.observe` first, and asks here then.
 */
export class Principals {
  readonly #parts: PrincipalsParts
  readonly #kept = new Map<string, Promise<Principal | undefined>>()

  constructor(parts: PrincipalsParts) {
    this.#parts = parts
    parts.generation.onChange(async () => this.#kept.clear())
  }

  /** The user as a principal, with what a token brought along; undefined when unknown or disabled. */
  async of(user: string, token?: TokenRights): Promise<Principal | undefined> {
    const principal = await this.#keep(user)
    return principal && token ? { ...principal, token } : principal
  }

  #keep(user: string): Promise<Principal | undefined> {
    const kept = this.#kept.get(user)
    if (kept) return kept
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    const reading = this.#read(user)
    this.#kept.set(user, reading)
    reading.catch(() => this.#kept.delete(user))
    return reading
  }

  async #read(user: string): Promise<Principal | undefined> {
    if (user === GUEST.user) return GUEST
    const account = await this.#parts.accounts.read(user)
    if (account?.enabled !== true) return undefined
    if (user === ADMINISTRATOR.user) return ADMINISTRATOR
    const [roles, userPermissions] = await Promise.all([this.#roles(user), this.#userPermissions(user)])
    return { user, roles, userPermissions }
  }

  async #roles(user: string): Promise<ReadonlySet<string>> {
    const document = await this.#parts.documents.read(ADMINISTRATOR, { doctype: 'User', name: user })
    const rows: unknown = document['roles']
    const names = Array.isArray(rows) ? rows.map((row: { role?: unknown }) => String(row.role)) : []
    if (names.length === 0) return new Set(['All', 'Guest'])
    const known = await this.#parts.documents.list(ADMINISTRATOR, {
      doctype: 'Role',
      fields: ['name', 'desk_access'],
      filters: [
        { fieldname: 'name', operator: 'in', value: names },
        { fieldname: 'disabled', operator: '=', value: 0 },
      ],
      limit: null,
    })
    const desk = known.some((role) => Number(role['desk_access']) === 1) ? ['Desk User'] : []
    return new Set([...known.map((role) => String(role['name'])), 'All', 'Guest', ...desk])
  }

  async #userPermissions(user: string): Promise<UserPermission[]> {
    const rows = await this.#parts.documents.list(ADMINISTRATOR, {
      doctype: 'User Permission',
      fields: ['allow', 'for_value', 'applicable_for', 'apply_to_all_doctypes', 'is_default'],
      filters: [{ fieldname: 'user', operator: '=', value: user }],
      limit: null,
    })
    return rows.map(userPermissionOf)
  }
}

const userPermissionOf = (row: Readonly<Record<string, unknown>>): UserPermission => ({
  allow: String(row['allow']),
  for_value: String(row['for_value']),
  applicable_for:
    Number(row['apply_to_all_doctypes']) !== 1 && typeof row['applicable_for'] === 'string' && row['applicable_for'] !== ''
      ? row['applicable_for']
      : null,
  is_default: Number(row['is_default']) === 1,
})

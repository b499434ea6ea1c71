import type { Generation } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { ADMINISTRATOR, GUEST, type Principal, type TokenRights, type UserPermission } from '../policy/principal.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { DocumentReader } from './document-reader.ts'
import { listDescendants } from './trees/tree-descendants.ts'

export interface PrincipalsParts {
  readonly accounts: Accounts
  readonly documents: DocumentReader
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly generation: Generation
  /** What Link fields of the user's new documents hold where nobody says, by the field's name. */
  readonly defaultsOf: (user: string) => Promise<ReadonlyMap<string, string>>
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

  /** Whether somebody who is about to sign in has to set up a second factor first, as things stand now. */
  async lacksFactor(user: string): Promise<boolean> {
    const { generation } = this.#parts
    await generation.observe(await generation.read())
    return (await this.#keep(user))?.factor === 'lacking'
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
    const defaults = await this.#parts.defaultsOf(user)
    const besides = defaults.size > 0 ? { defaults } : {}
    if (user === ADMINISTRATOR.user) return { ...ADMINISTRATOR, ...besides, ...(await this.#factor(user, ADMINISTRATOR.roles)) }
    const document = await this.#parts.documents.read(ADMINISTRATOR, { doctype: 'User', name: user })
    const access = Number(document['api_access'] ?? 1) === 1 ? {} : ({ apiAccess: false } as const)
    const [roles, userPermissions, sharedDoctypes] = await Promise.all([
      this.#roles(document, account.systemUser),
      this.#userPermissions(user),
      this.#sharedDoctypes(user),
    ])
    return { user, roles, userPermissions, sharedDoctypes, ...access, ...besides, ...(await this.#factor(user, roles)) }
  }

  async #factor(user: string, roles: ReadonlySet<string>): Promise<Pick<Principal, 'factor'>> {
    const { accounts, documents } = this.#parts
    const asking = await documents.list(ADMINISTRATOR, {
      doctype: 'Role',
      fields: ['name'],
      filters: [
        { fieldname: 'name', operator: 'in', value: [...roles] },
        { fieldname: 'two_factor_auth', operator: '=', value: 1 },
        { fieldname: 'disabled', operator: '=', value: 0 },
      ],
      limit: null,
    })
    if (asking.length === 0) return {}
    return { factor: (await accounts.hasFactor(user)) ? 'kept' : 'lacking' }
  }

  /** Desk User: who works at the Desk, by a role that opens it. Frappe derives the type of a user from their roles, which is the same. */
  async #roles({ roles: rows }: Readonly<Record<string, unknown>>, systemUser: boolean): Promise<ReadonlySet<string>> {
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
    const desk = systemUser && known.some((role) => Number(role['desk_access']) === 1) ? ['Desk User'] : []
    return new Set([...known.map((role) => String(role['name'])), 'All', 'Guest', ...desk])
  }

  async #userPermissions(user: string): Promise<UserPermission[]> {
    const rows = await this.#parts.documents.list(ADMINISTRATOR, {
      doctype: 'User Permission',
      fields: ['allow', 'for_value', 'applicable_for', 'apply_to_all_doctypes', 'is_default', 'hide_descendants'],
      filters: [{ fieldname: 'user', operator: '=', value: user }],
      limit: null,
    })
    const permissions = rows.map(async (row) => {
      const permission = userPermissionOf(row)
      if (Number(row['hide_descendants']) === 1) return [permission]
      const below = await listDescendants(this.#parts, permission.allow, permission.for_value)
      return [permission, ...below.map((name) => ({ ...permission, for_value: name, is_default: false }))]
    })
    return (await Promise.all(permissions)).flat()
  }

  async #sharedDoctypes(user: string): Promise<ReadonlySet<string>> {
    const rows = await this.#parts.documents.list(ADMINISTRATOR, {
      doctype: 'DocShare',
      fields: ['share_doctype'],
      filters: [{ fieldname: 'read', operator: '=', value: 1 }],
      orFilters: [
        { fieldname: 'user', operator: '=', value: user },
        { fieldname: 'everyone', operator: '=', value: 1 },
      ],
      distinct: true,
      limit: null,
    })
    return new Set(rows.map((row) => String(row['share_doctype'])))
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

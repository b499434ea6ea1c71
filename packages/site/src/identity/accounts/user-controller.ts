import type { Connection, Generation } from '@annex/database'
import { FrappeError, invalid, isMailAddress, type Document } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { isOnlyStars } from '../../doctypes/values/texts.ts'
import { removeSharesWith } from '../../documents/shares/share-store.ts'
import { removePendingOf } from '../factor/pending-store.ts'
import { removeResetsOf } from '../password-reset/password-reset-store.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { AccountFacts, Accounts } from './accounts.ts'

/** Told, in the transaction of the change, when what was given on a user's credentials must end: grants are revoked here. */
export type CredentialsListener = (connection: Connection, user: string) => Promise<void>

export interface UserControllerParts {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly generation: Generation
  readonly audit: Audit
  readonly onCredentialsChanged: CredentialsListener
  /** Told, in the transaction, of a new password of somebody who had an account before. */
  readonly onPasswordChanged?: CredentialsListener
  /** Told, in the transaction, of a user who lost a role, with all that are left. */
  readonly onRolesLost?: (connection: Connection, user: string, roles: ReadonlySet<string>) => Promise<void>
  /** Told, in the transaction, of a user who is no more. */
  readonly onRemoved?: CredentialsListener
}

/** What a User document does besides being stored: its account follows it, in the same transaction. */
export function userController(parts: UserControllerParts): Controller {
  return {
    beforeInsert: async ({ document }) => {
      settle(document)
      // Named by its address, which has just been written small.
      if (typeof document['email'] === 'string') document.name = checkedAddress(document['email'])
      document['api_key'] = null
    },
    beforeUpdate: async ({ connection, document }) => {
      settle(document)
      document['api_key'] = (await parts.accounts.read(String(document.name), connection))?.apiKey ?? null
    },
    afterInsert: async (change) => {
      await parts.accounts.insert(change.connection, factsOf(change.document))
      await setPassword(parts, change)
      await parts.generation.bump(change.connection)
    },
    afterUpdate: (change) => followUpdate(parts, change),
    beforeRemove: ({ connection, document }) => removeSharesWith(connection, String(document.name)),
    afterRemove: async ({ connection, document, user }) => {
      const name = String(document.name)
      await endAccess(parts, connection, name)
      await parts.accounts.remove(connection, name)
      await parts.onRemoved?.(connection, name)
      await parts.audit.write(connection, { event: 'user removed', user, detail: { of: name } })
      await parts.generation.bump(connection)
    },
    ownRights: (user, name) => (user === name ? ['read', 'write'] : []),
  }
}

/** A field of mail addresses may hold a list; whoever is named by one has that one alone, and gets the site's letters at it. */
function checkedAddress(email: string): string {
  if (isMailAddress(email)) return email
  throw new FrappeError('InvalidEmailAddressError', `Email: write one address like name@example.com, with nothing before or after it`)
}

/** What follows from the fields that were sent. */
function settle(document: Document): void {
  if (typeof document['email'] === 'string') document['email'] = document['email'].trim().toLowerCase()
  document['full_name'] = [document['first_name'], document['last_name']]
    .filter((name) => typeof name === 'string' && name.trim() !== '')
    .join(' ')
  document['new_password'] = null
}

async function followUpdate(parts: UserControllerParts, change: Change): Promise<void> {
  const { connection, document, previous, user } = change
  const [facts, before] = [factsOf(document), previous && factsOf(previous)]
  await parts.accounts.update(connection, facts)
  const renewed = await setPassword(parts, change)
  const disabled = before?.enabled === true && !facts.enabled
  if (renewed) await parts.onPasswordChanged?.(connection, facts.user)
  if (renewed || disabled) await endAccess(parts, connection, facts.user)
  const left = rolesIn(document, facts)
  if (previous && before && [...rolesIn(previous, before)].some((role) => !left.has(role)))
    await parts.onRolesLost?.(connection, facts.user, left)
  if (disabled) await parts.audit.write(connection, { event: 'user disabled', user, detail: { of: facts.user } })
  // A rise makes every process reload, so what no cache holds (a name, a picture) does not cause one.
  const judged =
    before === undefined ||
    before.enabled !== facts.enabled ||
    before.systemUser !== facts.systemUser ||
    document['api_access'] !== previous?.['api_access'] ||
    rolesOf(document) !== rolesOf(previous)
  if (judged) await parts.generation.bump(connection)
}

async function setPassword({ accounts, audit }: UserControllerParts, { connection, document, sent, user }: Change): Promise<boolean> {
  const password = sent['new_password']
  if (password === undefined || password === null || password === '') return false
  if (isOnlyStars(password)) return false
  if (typeof password !== 'string') throw invalid('new_password must be text')
  await accounts.setPassword(connection, String(document.name), password)
  if (Number(sent['loopback_only'] ?? 0) === 1) await accounts.restrictToLoopback(connection, String(document.name))
  await audit.write(connection, { event: 'password changed', user, detail: { of: String(document.name) } })
  return true
}

async function endAccess({ sessions, onCredentialsChanged }: UserControllerParts, connection: Connection, user: string): Promise<void> {
  await sessions.endAll(connection, user)
  await removeResetsOf(connection, user)
  await removePendingOf(connection, user)
  await onCredentialsChanged(connection, user)
}

const factsOf = (document: Document): AccountFacts => ({
  user: String(document.name),
  enabled: Number(document['enabled']) === 1,
  firstName: textOf(document['first_name']) ?? '',
  lastName: textOf(document['last_name']),
  fullName: textOf(document['full_name']) ?? String(document.name),
  userImage: textOf(document['user_image']),
  systemUser: document['user_type'] !== 'Website User',
})

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** The roles of a document, with those that nobody is given by hand. Which roles open the Desk is not asked: it counts as open. */
function rolesIn(document: Document, { systemUser }: AccountFacts): Set<string> {
  const rows: unknown = document['roles']
  const names = Array.isArray(rows) ? rows.map((row: { role?: unknown }) => String(row.role)) : []
  return new Set([...names, 'All', 'Guest', ...(systemUser && names.length > 0 ? ['Desk User'] : [])])
}

/** The roles as one text, to be compared. */
function rolesOf(document: Document | undefined): string {
  const rows: unknown = document?.['roles']
  return Array.isArray(rows)
    ? JSON.stringify(rows.map((row: { role?: unknown }) => String(row.role)).toSorted((a, b) => (a < b ? -1 : 1)))
    : ''
}

/** Behaviour of Role and User Permission: what a user is judged by has changed, and every process must know. */
export function judgementController(generation: Generation): Controller {
  const bump = ({ connection }: Change): Promise<void> => generation.bump(connection)
  return { afterInsert: bump, afterUpdate: bump, afterRemove: bump }
}

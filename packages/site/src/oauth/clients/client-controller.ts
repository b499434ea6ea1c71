import { bumpGeneration } from '@annex/database'
import type { ChildRow, Document } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { randomName } from '../../doctypes/naming/name-for.ts'
import { endForClient, isWithin, refuseReopening, type Openness } from '../access/lost-roles.ts'
import type { Grants } from '../grants/grants.ts'
import { textOf } from '../text-of.ts'
import { tellNarrowed } from '../telling/tell-narrowed.ts'
import type { EventSecrets } from '../telling/event-secrets.ts'
import { removeApprovals } from './approvals/approvals-store.ts'
import { settleState, stateEvent } from './client-state.ts'
import { keepsSecret } from './client.ts'
import { kindOf, wordsOf } from './clients-store.ts'
import { checkClient, type ClientRules } from './rules/client-rules.ts'
import { issueSecret, listSecrets, removeSecrets } from './secrets/client-secrets-store.ts'
import { removeUses } from './uses/client-uses-store.ts'

export interface ClientControllerParts extends ClientRules {
  readonly grants: Grants
  readonly audit: Audit
  /** What events are signed with follows the app. */
  readonly eventSecrets: Pick<EventSecrets, 'follow' | 'end'>
  readonly now: () => number
}

/** What 0 or nothing in a field stands for. */
const LIFETIMES: Readonly<Record<string, number>> = { access_token_lifetime: 3600, idle_lifetime: 30, absolute_lifetime: 90 }

/**
 * The behaviour of the DocType OAuth Client: it is checked before it is written, its secret is made here, handed out
 * in the one answer that makes it and kept as a hash, and what ends a client ends its grants. Processes keep clients and secrets in
 * memory: every change moves the generation, but for a new client's, whom nobody knows yet (anybody may be let register one, and
 * should not make the whole site read anew).
 */
export function clientController(parts: ClientControllerParts): Controller {
  return {
    beforeInsert: (change) => settle(change, parts),
    beforeUpdate: async (change) => {
      await settle(change, parts)
      // Before the write: whoever is told of the end still finds where the app listens.
      if (stateEvent(change.previous, change.document) === 'retired') await endAccess(change, parts, 'client_retired')
      else await endLeftOut(change, parts)
    },
    afterInsert: async (change) => {
      if (keepsSecret(kindOf(change.document['kind']))) await giveSecret(change, parts)
      await parts.eventSecrets.follow(change)
      await note(change, parts, 'client.registered')
    },
    afterUpdate: async (change) => {
      await followSecrets(change, parts)
      await parts.eventSecrets.follow(change)
      await tellNarrowed(change, parts)
      await note(change, parts, `client.${stateEvent(change.previous, change.document) ?? 'changed'}`)
      await bumpGeneration(change.connection)
    },
    beforeRemove: async (change) => {
      await removeSecrets(change.connection, clientOf(change))
      await removeUses(change.connection, clientOf(change))
      await endAccess(change, parts, 'client_removed')
      await parts.eventSecrets.end(change.connection, clientOf(change))
      await note(change, parts, 'client.removed')
    },
    afterRemove: ({ connection }) => bumpGeneration(connection),
    shape: (document) => ({ ...document, client_secret: null }),
  }
}

const clientOf = (change: Change): string => String(change.document.name)

async function settle(change: Change, rules: ClientRules): Promise<void> {
  const { document, previous } = change
  if (typeof document['default_redirect_uri'] === 'string') document['default_redirect_uri'] = document['default_redirect_uri'].trim()
  if (previous) document['dynamically_registered'] = previous['dynamically_registered']
  for (const [field, life] of Object.entries(LIFETIMES)) if (Number(document[field] ?? 0) === 0) document[field] = life
  settleState(change)
  document['scopes_approved'] = isApprovedByHand(change) ? 1 : 0
  await checkClient(document, rules, previous)
  document['client_id'] = document.name
  document['client_secret'] = null
  if (!keepsSecret(kindOf(document['kind']))) document['require_pkce'] = 1
  const roles = document['allowed_roles']
  if (!Array.isArray(roles) || roles.length === 0) document['allowed_roles'] = [deskUsers(document)]
}

/** Of an app that registered itself: whether a System Manager let it in, gave it a scope more, or says so. To take one away approves of nothing. */
function isApprovedByHand({ document, previous }: Change): boolean {
  if (!previous || Number(document['dynamically_registered']) !== 1) return false
  const had = new Set(wordsOf(previous['scopes']))
  const gained = wordsOf(document['scopes']).some((scope) => !had.has(scope))
  return gained || stateEvent(previous, document) === 'approved' || Number(document['scopes_approved']) === 1
}

/** Frappe's own default: people of the desk. A client that is open to everybody names the role All. */
const deskUsers = ({ name, owner, creation, modified, modified_by }: Document): ChildRow => ({
  name: randomName(),
  owner,
  creation,
  modified,
  modified_by,
  docstatus: 0,
  idx: 1,
  parent: String(name),
  parentfield: 'allowed_roles',
  parenttype: 'OAuth Client',
  role: 'Desk User',
  doctype: 'OAuth Client Role',
})

async function endAccess(change: Change, { grants }: ClientControllerParts, reason: string): Promise<void> {
  await grants.revokeWithin(change.connection, { client: clientOf(change) }, reason)
  await removeApprovals(change.connection, clientOf(change))
}

/** Tokens of the app's own have the rights of the user whom it had then: they end when it has another, or none. */
async function endService({ connection, document, previous }: Change, { grants }: ClientControllerParts): Promise<void> {
  const user = previous && servedBy(previous)
  if (user === undefined || user === servedBy(document)) return
  await grants.revokeWithin(connection, { user, client: String(document.name), kind: 'service' }, 'client_service_user_changed')
}

async function endLeftOut(change: Change, parts: ClientControllerParts): Promise<void> {
  await endService(change, parts)
  const { connection, document, previous } = change
  if (!previous) return
  const [client, before, roles] = [clientOf(change), opennessOf(previous), opennessOf(document)]
  if (!isWithin(roles, before)) await refuseReopening(connection, client, roles)
  if (roles === undefined || isWithin(before, roles)) return
  await endForClient(connection, { client, roles, by: change.user }, async (user) => (await parts.principalOf(user))?.roles, parts)
}

/** As `isOpenTo` judges: without any role it is open to anybody. */
function opennessOf(document: Document): Openness {
  const rows: unknown = document['allowed_roles']
  if ((document['authorization_policy'] || 'Roles') !== 'Roles' || !Array.isArray(rows) || rows.length === 0) return undefined
  return rows.map((row: { role?: unknown }) => String(row.role))
}

const servedBy = ({ kind, service_user: user }: Document): string | undefined =>
  ['service', 'agent'].includes(kindOf(kind)) && keepsSecret(kindOf(kind)) && user ? textOf(user) : undefined

async function giveSecret(change: Change, { now }: ClientControllerParts): Promise<void> {
  change.reply['client_secret'] = await issueSecret(change.connection, clientOf(change), now())
}

/** An app that stops keeping a secret, or is retired, loses it; one that begins to keep one gets it. */
async function followSecrets(change: Change, parts: ClientControllerParts): Promise<void> {
  const client = clientOf(change)
  const { kind, state } = change.document
  if (!keepsSecret(kindOf(kind)) || state === 'Retired') return removeSecrets(change.connection, client)
  const secrets = await listSecrets(change.connection, client, parts.now())
  if (secrets.length === 0) await giveSecret(change, parts)
}

async function note(change: Change, { audit }: ClientControllerParts, event: string): Promise<void> {
  const { document, previous } = change
  const changed = previous ? { changed: changedFields(change) } : {}
  await audit.write(change.connection, {
    event: `oauth.${event}`,
    user: change.user,
    client: clientOf(change),
    detail: { app_name: document['app_name'], state: document['state'], ...changed },
  })
}

/** What the policy of the app was changed to; texts are cut, rows are left out. */
function changedFields({ doctype, document, previous }: Change): Record<string, unknown> {
  const fields = doctype.fields.map(({ fieldname }) => fieldname)
  const changed = fields.filter((field) => !Array.isArray(document[field]) && (document[field] ?? null) !== (previous?.[field] ?? null))
  return Object.fromEntries(changed.map((field) => [field, shortened(document[field])]))
}

const shortened = (value: unknown): unknown => (typeof value === 'string' ? value.slice(0, 200) : value)

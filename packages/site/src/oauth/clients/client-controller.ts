import { invalid, type ChildRow, type Document } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { randomName } from '../../doctypes/naming/name-for.ts'
import type { Grants } from '../grants/grants.ts'
import { checkClient, kindOf, type ClientRules } from './client-rules.ts'
import { issueSecret, listSecrets, removeSecrets } from './client-secrets-store.ts'

export interface ClientControllerParts extends ClientRules {
  readonly grants: Grants
  readonly audit: Audit
  readonly now: () => number
}

/**
 * The behaviour of the DocType OAuth Client: it is checked before it is written, its secret is made here, handed out
 * in the one answer that makes it and kept as a hash, and what ends a client ends its grants.
 */
export function clientController(parts: ClientControllerParts): Controller {
  return {
    beforeInsert: async (change) => settle(change, parts),
    beforeUpdate: async (change) => settle(change, parts),
    afterInsert: async (change) => {
      await giveSecret(change, parts)
      await note(change, parts, 'client.registered')
    },
    afterUpdate: async (change) => {
      await followKind(change, parts)
      await note(change, parts, 'client.changed')
      if (isOn(change.previous?.['enabled']) && !isOn(change.document['enabled']))
        await parts.grants.revokeWithin(change.connection, { client: clientOf(change) }, 'client_retired')
    },
    beforeRemove: async (change) => {
      await removeSecrets(change.connection, clientOf(change))
      await parts.grants.revokeWithin(change.connection, { client: clientOf(change) }, 'client_removed')
      await note(change, parts, 'client.removed')
    },
    shape: (document) => ({ ...document, client_secret: null }),
  }
}

const clientOf = (change: Change): string => String(change.document.name)
const isOn = (value: unknown): boolean => Number(value ?? 0) === 1

function settle({ document }: Change, rules: ClientRules): void {
  if (typeof document['default_redirect_uri'] === 'string') document['default_redirect_uri'] = document['default_redirect_uri'].trim()
  checkClient(document, rules)
  document['client_id'] = document.name
  document['client_secret'] = null
  if (kindOf(document) !== 'web') {
    document['require_pkce'] = 1
    if (isOn(document['unfenced'])) throw invalid('Only an app that keeps a secret on its server may be unfenced')
  }
  const roles = document['allowed_roles']
  if (!Array.isArray(roles) || roles.length === 0) document['allowed_roles'] = [deskUsers(document)]
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

async function giveSecret(change: Change, { now }: ClientControllerParts): Promise<void> {
  if (kindOf(change.document) !== 'web') return
  change.reply['client_secret'] = await issueSecret(change.connection, clientOf(change), now())
}

/** An app that stops keeping a secret loses it; one that begins to gets one. */
async function followKind(change: Change, parts: ClientControllerParts): Promise<void> {
  const client = clientOf(change)
  if (kindOf(change.document) !== 'web') return removeSecrets(change.connection, client)
  const secrets = await listSecrets(change.connection, client, parts.now())
  if (secrets.length === 0) await giveSecret(change, parts)
}

async function note(change: Change, { audit }: ClientControllerParts, event: string): Promise<void> {
  await audit.write(change.connection, {
    event: `oauth.${event}`,
    user: change.user,
    client: clientOf(change),
    detail: { app_name: change.document['app_name'] },
  })
}

import type { Document } from '@annex/protocol'
import { invalid, notPermitted } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'
import type { Accounts } from './accounts/accounts.ts'

interface Call {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
  readonly backend: { update(principal: Principal, request: { doctype: string; name: string; values: object }): Promise<Document> }
}

/** The whitelisted methods of this room, in the shape that the site registers. */
export function identityMethods(accounts: Accounts) {
  return [
    {
      name: 'frappe.auth.get_logged_user',
      httpMethods: ['GET', 'POST'],
      guest: false,
      rights: 'open',
      handler: async ({ principal }: Call): Promise<unknown> => principal.user,
    },
    {
      name: 'frappe.core.doctype.user.user.generate_keys',
      httpMethods: ['POST'],
      guest: false,
      rights: [{ doctype: 'User', right: 'write' }],
      handler: (call: Call): Promise<unknown> => generateKeys(accounts, call),
    },
  ] as const
}

/** Shows a new API secret this once. */
async function generateKeys(accounts: Accounts, { principal, args, backend }: Call): Promise<{ api_key: string; api_secret: string }> {
  if (!principal.roles.has('System Manager')) throw notPermitted('Only a System Manager may make API keys; ask one')
  if (principal.token?.rowFilters) throw notPermitted('A key has no row filters, and this app has; make the key without the app')
  const user = args['user']
  if (typeof user !== 'string' || user === '') throw invalid('user is missing; send the name of a User')
  const { apiKey, apiSecret } = await accounts.rotateKeys(user)
  // The User document shows its key; its controller fills it in. The guard has judged the token by this method's own scope.
  const { token: _, ...person } = principal
  if (user !== 'Administrator') await backend.update(person, { doctype: 'User', name: user, values: {} })
  return { api_key: apiKey, api_secret: apiSecret }
}

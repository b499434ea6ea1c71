import type { UpstreamClient } from '@annex/connector'
import { companyDocTypes } from './company-doctypes.ts'
import { invoices, masterDocuments } from './company-documents.ts'
import { demoRoles, demoUsers, userValues } from './people.ts'

export interface AppCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/**
 * Makes the trading company, its people and its app through the public API, as anyone could.
 *
 * @throws {FrappeError} at the first refusal; the demo then begins anew at its next start
 */
export async function makeCompany(api: UpstreamClient, appUrl: string, say: (line: string) => void): Promise<AppCredentials> {
  say('  making roles, users and document types')
  for (const role of demoRoles) await api.insert('Role', { role_name: role, desk_access: 1 })
  for (const user of demoUsers) await api.insert('User', userValues(user))
  for (const doctype of companyDocTypes) await api.insert('DocType', doctype)
  const today = new Date()
  const documents = [...masterDocuments(today), ...invoices(today)]
  for (const [index, { doctype, values }] of documents.entries()) {
    await api.insert(doctype, values)
    if ((index + 1) % 200 === 0) say(`  made ${index + 1} of ${documents.length} documents`)
  }
  return makeApp(api, appUrl)
}

/** Field Sales as a System Manager would register it: items it needs, customers it may ask for. */
async function makeApp(api: UpstreamClient, appUrl: string): Promise<AppCredentials> {
  const client = await api.insert('OAuth Client', {
    app_name: 'Field Sales',
    scopes: 'openid Item:read Customer:read',
    required_scopes: 'openid Item:read',
    require_pkce: 1,
    // Everyone may connect; what they see is for their own roles to say.
    allowed_roles: [{ role: 'All' }],
    ...redirectTo(appUrl),
  })
  return { clientId: String(client['client_id']), clientSecret: String(client['client_secret']) }
}

/** Where the site may send people back to, when the app runs at this URL. */
export const redirectTo = (appUrl: string): { redirect_uris: string; default_redirect_uri: string } => ({
  redirect_uris: `${appUrl}/connect/callback`,
  default_redirect_uri: `${appUrl}/connect/callback`,
})

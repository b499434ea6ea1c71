import { UpstreamUnavailable, InvalidSignIn } from '../errors.ts'
import type { RegisteredClient } from '../setup/client.ts'
import type { Discovery } from '../setup/discovery.ts'

/** Frappe ends a browser's session there, for whoever comes by a link. */
const FRAPPE_LOGOUT = '/api/method/web_logout'

/**
 * Where a browser goes to sign out of the site too: its own page for that, which needs no question when the app shows whom it
 * means; else Frappe's, which shows a page of its own and does not come back.
 *
 * @param idToken of the person's sign-in, if it is still there
 * @returns undefined when the site cannot be asked now where that is
 * @see OpenID Connect RP-Initiated Logout 1.0 section 2
 */
export async function siteSignOutUrl(
  { discovery, client }: { readonly discovery: Discovery; readonly client: () => Promise<RegisteredClient> },
  idToken: string | null,
): Promise<string | undefined> {
  try {
    const { issuer, endpoints } = await discovery.site()
    const url = new URL(endpoints.endSession ?? FRAPPE_LOGOUT, issuer)
    if (endpoints.endSession === undefined) return url.href
    url.searchParams.set('client_id', (await client()).id)
    if (idToken !== null) url.searchParams.set('id_token_hint', idToken)
    return url.href
  } catch (error) {
    if (error instanceof UpstreamUnavailable || error instanceof InvalidSignIn) return undefined
    throw error
  }
}

import { UpstreamClient } from '@annex/connector'

/**
 * The public API of a site as its Administrator: signs in once, and works with an API key from then on.
 *
 * @throws {Error} when the site refuses the password
 */
export async function administratorClient(base: string, password: string): Promise<UpstreamClient> {
  const signedIn = await fetch(`${base}/api/method/login`, {
    method: 'POST',
    body: new URLSearchParams({ usr: 'Administrator', pwd: password }),
  })
  if (!signedIn.ok)
    throw new Error(`The primary site does not take the password in its admin-password file; begin anew with: npm start -- --fresh`)
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const answer = await fetch(`${base}/api/method/frappe.core.doctype.user.user.generate_keys`, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ user: 'Administrator' }),
  })
  const { message } = (await answer.json()) as { message: { api_key: string; api_secret: string } }
  return new UpstreamClient({ url: base, credentials: { apiKey: `${message.api_key}:${message.api_secret}` }, timeoutMs: 30_000 })
}

import { readScope, splitScope, type ServerMetadata } from '@annex/connector'
import { bad, good, unknown, type Finding } from './finding.ts'

export interface ClientFacts {
  readonly clientId: string
  readonly redirectUri?: string
  readonly secret?: string
  readonly scope?: string
}

const TIMEOUT = 10_000

/** What the site's metadata says, or what is wrong with it. */
export async function readMetadata(base: URL): Promise<{ metadata?: ServerMetadata; finding: Finding }> {
  const path = '/.well-known/oauth-authorization-server'
  const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(TIMEOUT) })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok || !isMetadata(body))
    return { finding: bad('discovery', `${path} is not served; is this an Annex site, and does the proxy pass /.well-known/ on?`) }
  if (body.issuer !== base.origin)
    return {
      metadata: body,
      finding: bad('discovery', `the site calls itself ${body.issuer}; use that URL in the app, or set ANNEX_URL to ${base.origin}`),
    }
  return { metadata: body, finding: good('discovery', `the issuer is ${body.issuer}`) }
}

const isMetadata = (body: unknown): body is ServerMetadata =>
  typeof body === 'object' && body !== null && 'issuer' in body && 'authorization_endpoint' in body && 'token_endpoint' in body

/** Whether the site knows the client, by this redirect URI. Asked as a browser would that is not signed in. */
export async function checkRedirect(metadata: ServerMetadata, client: ClientFacts): Promise<Finding> {
  const url = new URL(metadata.authorization_endpoint)
  const redirect = client.redirectUri
  // Without a redirect URI the site takes the client's default one, unless the scope is openid.
  const named = redirect === undefined ? {} : { redirect_uri: redirect, scope: 'openid' }
  url.search = new URLSearchParams({ client_id: client.clientId, response_type: 'code', ...named }).toString()
  const response = await fetch(url, { redirect: 'manual', headers: { accept: 'application/json' }, signal: AbortSignal.timeout(TIMEOUT) })
  if (response.status < 400)
    return redirect === undefined ? good('client', 'the site knows it') : good('redirect URI', `${redirect} is registered`)
  const body: unknown = await response.json().catch(() => undefined)
  const words = typeof body === 'object' && body !== null && 'description' in body ? String(body.description) : ''
  if (words.startsWith('Mismatching'))
    return bad(
      'redirect URI',
      `${redirect} is not registered for this client; it must be the same to the letter, port and slash: compare it with the list in Connected Apps`,
    )
  if (!words.startsWith('Invalid client_id'))
    return bad('client', `the authorization endpoint answered ${response.status} ${words}; is there a proxy that changes the request?`)
  return bad(
    'client',
    `the site knows no client ${client.clientId} that may sign people in; check the client ID, and that the app is not retired`,
  )
}

/** Whether the secret is the client's: a refresh with a made-up token is refused for the token, or for the secret. */
export async function checkSecret(metadata: ServerMetadata, client: ClientFacts): Promise<Finding> {
  if (client.secret === undefined) return unknown('secret', 'none was given; pass --secret to have it checked')
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: 'made-up-by-annex-doctor',
    client_id: client.clientId,
    client_secret: client.secret,
  })
  const response = await fetch(metadata.token_endpoint, {
    method: 'POST',
    body: form,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT),
  })
  if (response.status === 429) return unknown('secret', 'the site has seen too many wrong secrets; wait a minute and try again')
  const body: unknown = await response.json().catch(() => undefined)
  const code = typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string' ? body.error : undefined
  if (code === 'invalid_grant') return good('secret', 'it is the client’s')
  if (code === 'invalid_client') return bad('secret', 'it is not the client’s; rotate the secret in Connected Apps and copy the new one')
  return bad('secret', `the token endpoint answered ${response.status} ${code ?? ''}; is there a proxy that changes the request?`)
}

/** Whether each scope has a form that the site can grant. Whether the client may ask for it shows at sign-in. */
export function checkScope(scope: string | undefined): Finding {
  if (scope === undefined) return unknown('scope', 'none was given; pass --scope to have its form checked')
  const wrong = splitScope(scope).filter((token) => readScope(token) === undefined)
  if (wrong.length === 0) return good('scope', 'every name has the right form; whether the client may ask for it shows at sign-in')
  return bad('scope', `${wrong.join(', ')} is no scope; write DocType:right with dots for spaces, such as Sales.Invoice:read`)
}

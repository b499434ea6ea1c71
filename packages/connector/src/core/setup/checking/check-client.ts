import { isRecord } from '@annex/protocol'
import { createFetchSend, type Send } from '../../upstream/transport.ts'
import { bad, good, unknown, type Finding } from './finding.ts'
import type { Site } from '../site.ts'

/** Where a site is asked: by browsers, and by apps. */
export type CheckedEndpoints = Pick<Site['endpoints'], 'authorize' | 'token'>

/** An app's settings, as far as they are to be looked at. */
export interface CheckedClient {
  readonly id: string
  /** Absent for a public client. */
  readonly secret?: string
  /** Absent when it is not to be looked at. */
  readonly redirectUri?: string
}

const TIMEOUT_MS = 10_000
const ELSE = 'sign in once, or check with the API key of a System Manager'

/**
 * Whether a site knows an app, by its redirect URI and with its secret, as far as it can be seen from outside. Changes nothing.
 *
 * @throws {UpstreamUnavailable} when the site does not answer
 */
export async function checkClient(
  endpoints: CheckedEndpoints,
  client: CheckedClient,
  send: Send = createFetchSend(fetch, TIMEOUT_MS),
): Promise<Finding[]> {
  const found = await checkRedirect(endpoints, client, send)
  if (found.some(({ what, verdict }) => what === 'client' && verdict === 'bad')) return found
  const hasClient = found.some(({ what }) => what === 'client')
  const shown = await checkSecret(endpoints, client, send)
  return [...found, ...shown.filter(({ what }) => what !== 'client' || !hasClient)]
}

/**
 * Whether the site knows the client by its redirect URI: asked as a browser would that is not signed in. A site that answers
 * alike for a client that does not exist, as Frappe does, looks at nothing before somebody has signed in.
 */
async function checkRedirect(endpoints: CheckedEndpoints, client: CheckedClient, send: Send): Promise<Finding[]> {
  const stranger = await askAuthorize(endpoints, { ...client, id: 'made-up-to-see-who-looks' }, send)
  if (stranger.status < 400) return [unknown('redirect', `the site looks at it only when somebody signs in: ${ELSE}`)]
  const { status, words } = await askAuthorize(endpoints, client, send)
  if (status === 429 || status >= 500) return [unknown('redirect', `the site answered ${status} to a sign-in: try again later`)]
  const known = good('client', `the site knows ${client.id}`)
  if (status < 400) return client.redirectUri === undefined ? [known] : [known, good('redirect', `${client.redirectUri} is registered`)]
  if (/mismatching/i.test(words))
    return [
      known,
      bad('redirect', `${client.redirectUri} is not registered for this client: it must be the same to the letter, port and slash`),
    ]
  return /client_id/.test(words)
    ? [bad('client', `the site knows no client ${client.id} that may sign people in: check client.id, and that the app is not retired`)]
    : [bad('client', `the site answered ${status} ${words} to a sign-in: is there a proxy that changes the request?`)]
}

async function askAuthorize(
  { authorize }: CheckedEndpoints,
  { id, redirectUri }: CheckedClient,
  send: Send,
): Promise<{ readonly status: number; readonly words: string }> {
  const url = new URL(authorize)
  // Without a redirect URI a site takes the client's default one, unless the scope is openid.
  const named = redirectUri === undefined ? {} : { redirect_uri: redirectUri, scope: 'openid' }
  url.search = new URLSearchParams({ client_id: id, response_type: 'code', ...named }).toString()
  const { status, json } = await send(url.href, { headers: { accept: 'application/json' } })
  return { status, words: isRecord(json) && typeof json['description'] === 'string' ? json['description'] : '' }
}

/**
 * Whether id and secret are the client's: a made-up code is refused for the code, or for whoever shows it. A Frappe looks at
 * no secret here, so one that is made up is shown too.
 */
async function checkSecret(endpoints: CheckedEndpoints, client: CheckedClient, send: Send): Promise<Finding[]> {
  const { status, code } = await askToken(endpoints, client, send)
  if (status === 429 || status >= 500) return [unknown('secret', `the site answered ${status} to a request for tokens: try again later`)]
  if (status === 404) return [bad('client', `the site knows no client ${client.id}: check client.id`)]
  if (code === 'unauthorized_client')
    return [bad('client', 'the app may not sign people in: its grant type at the site must be Authorization Code')]
  if (code === 'invalid_client')
    return [
      client.secret === undefined
        ? bad('secret', 'none is set, and the site wants one or does not know the app: set client.secret')
        : bad('secret', 'it is not the one of this app: have the site give a new one, and set client.secret to it'),
    ]
  if (code !== 'invalid_grant')
    return [bad('secret', `the site answered ${status} ${code ?? ''} to a request for tokens: is there a proxy that changes the request?`)]
  const known = good('client', `the site knows ${client.id}`)
  if (client.secret === undefined) return [known, good('secret', 'none is set: the app is a public client, whose codes are bound by PKCE')]
  const stranger = await askToken(endpoints, { ...client, secret: 'made-up-to-see-who-looks' }, send)
  if (stranger.code === 'invalid_client') return [known, good('secret', 'it is the one of this app')]
  return [known, unknown('secret', `the site looks at it in id_tokens alone: ${ELSE}`)]
}

async function askToken(
  { token }: CheckedEndpoints,
  { id, secret, redirectUri }: CheckedClient,
  send: Send,
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const form = {
    grant_type: 'authorization_code',
    code: 'made-up-to-see-who-looks',
    code_verifier: 'made-up-to-see-who-looks-made-up-to-see-who-looks',
    ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
    client_id: id,
    ...(secret === undefined ? {} : { client_secret: secret }),
  }
  const { status, json } = await send(token, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
  return { status, code: isRecord(json) && typeof json['error'] === 'string' ? json['error'] : undefined }
}

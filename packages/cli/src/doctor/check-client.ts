import { checkClient, readScope, splitScope, type ServerMetadata } from '@annex/connector'
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

/** Whether the site knows the client, by its redirect URI and with its secret. */
export async function checkClientAt(metadata: ServerMetadata, { clientId, redirectUri, secret }: ClientFacts): Promise<Finding[]> {
  const endpoints = { authorize: metadata.authorization_endpoint, token: metadata.token_endpoint }
  const client = { id: clientId, ...(redirectUri === undefined ? {} : { redirectUri }), ...(secret === undefined ? {} : { secret }) }
  const found = (await checkClient(endpoints, client)).filter(({ what }) => secret !== undefined || what !== 'secret')
  const findings = found.map(({ verdict, what, sentence }) => ({ verdict, subject: SUBJECTS[what] ?? what, words: sentence }))
  return secret === undefined ? [...findings, unknown('secret', 'none was given; pass --secret to have it checked')] : findings
}

const SUBJECTS: Readonly<Record<string, string>> = { redirect: 'redirect URI' }

/** Whether each scope has a form that the site can grant. Whether the client may ask for it shows at sign-in. */
export function checkScope(scope: string | undefined): Finding {
  if (scope === undefined) return unknown('scope', 'none was given; pass --scope to have its form checked')
  const wrong = splitScope(scope).filter((token) => readScope(token) === undefined)
  if (wrong.length === 0) return good('scope', 'every name has the right form; whether the client may ask for it shows at sign-in')
  return bad('scope', `${wrong.join(', ')} is no scope; write DocType:right with dots for spaces, such as Sales.Invoice:read`)
}

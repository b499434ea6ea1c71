import type { Backend } from '../backend/backend.ts'
import { byDoctype } from '../backend/by-doctype.ts'
import { Guard } from '../backend/guard.ts'
import type { Remember } from '../backend/refusals.ts'
import type { Config } from '../config.ts'
import { isCore } from '../doctypes/core-doctypes.ts'
import { resourceMetadataUrl } from '../oauth/oauth-routes.ts'
import type { OAuth } from '../oauth/oauth.ts'
import type { Rooms } from '../rooms.ts'
import type { Issuer } from './issuer.ts'

/** The one place that decides where documents live: here, or upstream but for the core DocTypes. A site without one never loads it. */
export async function documentsOf({ documents }: Rooms, { upstream }: Config): Promise<Backend> {
  if (!upstream) return documents
  const { Upstream } = await import('../upstream/upstream.ts')
  return byDoctype(documents, new Upstream(upstream), isCore)
}

/** What callers over HTTP get: judged by their token, and noted in the trail and the counts. */
export function guarded(rooms: Rooms, backend: Backend, issuer: Issuer, { usage, tokenDocument: ownDocument }: OAuth): Backend {
  const { doctypes, methods, audit } = rooms
  const onRefusal: Remember = ({ principal, lacking, scope, act }) => {
    if (principal.token) usage.refused(principal.token, lacking, act, scope)
    return audit.refuse({
      event: `${lacking} refused`,
      user: principal.user,
      client: principal.token?.client,
      grant: principal.token?.grant,
      scope,
      act,
    })
  }
  return new Guard({
    backend,
    doctypeOf: (name) => doctypes.get(name),
    parentsOf: (child) => doctypes.parentsOf(child).map(({ doctype }) => doctype.name),
    methods,
    onRefusal,
    resourceMetadata: () => resourceMetadataUrl(issuer.read()),
    onUse: (token, doctype, right) => usage.used(token, doctype, right),
    ownDocument,
  })
}

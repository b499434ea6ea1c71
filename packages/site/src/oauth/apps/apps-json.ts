import { splitScope } from '@annex/protocol'
import { formatDatetime } from '../../doctypes/values/timestamps.ts'
import type { NetworkRow, SpanRow } from '../usage/usage-store.ts'
import type { OwnApp, UsedGrant } from './apps.ts'
import type { UseReport } from './use-report.ts'

/** Times as Frappe's API writes them, in the site's zone; null for none. */
type TimeOf = (micros: number | null | undefined) => string | null
export const timesIn =
  (zone: string): TimeOf =>
  (micros) =>
    micros === null || micros === undefined ? null : formatDatetime(micros, zone)

const useJson = (use: SpanRow | undefined, time: TimeOf): object => ({
  first_used: time(use?.first_used),
  last_used: time(use?.last_used),
  calls: use?.calls ?? 0,
})

/** A network that calls came from, or a secret was used from. */
export const networkJson = ({ network, first_used: first, last_used: last, calls }: NetworkRow, time: TimeOf): object => ({
  network,
  first_used: time(first),
  last_used: time(last),
  calls,
})

/** A living grant, its tokens by their hashes. */
export const grantJson = ({ grant, unsaid, use, tokens, networks }: UsedGrant, time: TimeOf): object => ({
  grant: grant.id,
  client: grant.client,
  user: grant.user,
  scopes: splitScope(grant.granted),
  /** Of an app of old: what these scopes open for it without saying so. */
  opens_too: unsaid,
  row_filters: grant.filters,
  kind: grant.kind ?? 'browser',
  created: time(grant.created),
  expires: time(grant.expires),
  ...useJson(use, time),
  networks: networks.map((network) => networkJson(network, time)),
  tokens: tokens.map((token) => ({
    token: token.hash,
    kind: token.kind,
    scopes: splitScope(token.scope),
    issued: time(token.issued),
    expires: time(token.expires),
    ...useJson(token.use, time),
  })),
})

/** An app as its user sees it. */
export const ownAppJson = ({ id, client, living, grants }: OwnApp, time: TimeOf): object => ({
  client: id,
  app_name: client?.name ?? id,
  client_uri: client?.homePage ?? null,
  scopes: [...new Set(living.flatMap(({ grant }) => splitScope(grant.granted)))],
  connections: living.length,
  grants: grants.map((grant) => grantJson(grant, time)),
})

/** What an app did in the last days; days are UTC. */
export const reportJson = ({ firstUsed, lastUsed, ...report }: UseReport, time: TimeOf): object => ({
  first_used: time(firstUsed),
  last_used: time(lastUsed),
  ...report,
})

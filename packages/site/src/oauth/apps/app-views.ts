import { describeScope, documentScope, readScope, splitScope, type DocType, type Filter } from '@annex/protocol'
import { appTexts, filled } from '../../pages/apps/app-texts.ts'
import type { AdviceView } from '../../pages/apps/advice-parts.ts'
import type { GrantView, TokenView } from '../../pages/apps/grant-parts.ts'
import type { UseView } from '../../pages/apps/use-parts.ts'
import { filterWords } from '../../pages/consent/filter-words.ts'
import { texts } from '../../pages/texts.ts'
import { parseRowFilters } from '../../policy/row-filters.ts'
import type { Advice } from '../usage/advisor.ts'
import type { NetworkRow } from '../usage/usage-store.ts'
import type { OwnApp, UsedGrant, UsedToken } from './apps.ts'
import { shownTime } from './page-parts.ts'
import { ownGrantPathOf, siteGrantPathOf, tokenPathIn } from './pages/grant-paths.ts'
import { userPathOf } from './people/user-paths.ts'
import type { ReportedDetail, ReportedRefusal, UseReport } from './use-report.ts'

type DoctypeOf = (name: string) => DocType | undefined

/** What pages need to put facts into words. */
export interface Words {
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
  readonly doctypeOf: DoctypeOf
}

/** Which documents alone filters let through, in words; what cannot be read lets none through. */
export function limitsOf(filters: string | null | undefined, doctypeOf: DoctypeOf): GrantView['limits'] {
  if (!filters) return []
  return [...(parseRowFilters(filters) ?? [])].map(([doctype, of]) => ({
    doctype,
    words: of.map((filter) => wordsOf(doctype, filter, doctypeOf)),
  }))
}

function wordsOf(doctype: string, { fieldname, operator, value }: Filter, doctypeOf: DoctypeOf): string {
  const field = doctypeOf(doctype)?.fields.find((candidate) => candidate.fieldname === fieldname)
  const label = fieldname === 'name' ? texts.filters.name : field?.label || fieldname
  return filterWords({ label, operator, value })
}

/** What scopes let an app do, in words. */
export const rightsOf = (scopes: readonly string[]): string[] =>
  scopes.length === 0 ? [texts.myApps.noRights] : scopes.map((scope) => describeScope(scope))

/** When the user first allowed the app what it holds today. */
export const sinceOf = ({ living }: OwnApp, zone: string): string => shownTime(living.at(-1)?.grant.created ?? 0, zone)

export function grantView({ grant, unsaid, use, tokens, networks }: UsedGrant, { zone, doctypeOf }: Words, withUser: boolean): GrantView {
  const href = withUser ? siteGrantPathOf(grant) : ownGrantPathOf(grant)
  return {
    id: grant.id,
    href,
    user: withUser ? grant.user : undefined,
    userHref: withUser ? userPathOf(grant.user) : undefined,
    kind: grant.kind ?? undefined,
    rights: rightsOf([...splitScope(grant.granted), ...unsaid]),
    limits: limitsOf(grant.filters, doctypeOf),
    since: shownTime(grant.created, zone),
    until: shownTime(grant.expires, zone),
    firstUsed: use && shownTime(use.first_used, zone),
    lastUsed: use && shownTime(use.last_used, zone),
    networks: networks.map(networkText),
    tokens: tokens.map((token) => tokenView(token, href, zone)),
  }
}

/** A token on the page of its connection, or on its own. */
const tokenView = ({ hash, kind, scope, unsaid, issued, expires, use }: UsedToken, grantHref: string, zone: string): TokenView => ({
  hash,
  kind,
  // Calls are made with access tokens alone.
  href: kind === 'access' ? tokenPathIn(grantHref, hash) : undefined,
  rights: rightsOf([...splitScope(scope), ...unsaid]),
  issued: shownTime(issued, zone),
  expires: shownTime(expires, zone),
  firstUsed: use && shownTime(use.first_used, zone),
  lastUsed: use && shownTime(use.last_used, zone),
})

/** `203.0.113.*`; of IPv6 the first half of the address. */
export const networkText = ({ network, calls }: NetworkRow): string => `${network}${network.includes(':') ? '::/64' : '.*'} (${calls})`

/** Where any of the connections was used from, the latest first. */
export function networksOf(grants: readonly UsedGrant[]): string[] {
  const byNetwork = Map.groupBy(
    grants.flatMap(({ networks }) => networks),
    ({ network }) => network,
  )
  const merged = [...byNetwork.values()].map((rows) => rows.reduce(together))
  return merged.toSorted((a, b) => b.last_used - a.last_used).map(networkText)
}

const together = (one: NetworkRow, other: NetworkRow): NetworkRow => ({
  ...one,
  last_used: Math.max(one.last_used, other.last_used),
  calls: one.calls + other.calls,
})

export const useView = (report: UseReport, { zone }: Words): UseView => ({
  firstUsed: report.firstUsed === undefined ? undefined : shownTime(report.firstUsed, zone),
  lastUsed: report.lastUsed === undefined ? undefined : shownTime(report.lastUsed, zone),
  calls: report.calls,
  days: report.days,
  rights: report.rights.map(({ what, right, count }) => ({ words: rightWords(what, right), count })),
  refusals: report.refusals.map(({ reason, act, scope, count }) => ({
    words: act || appTexts.use.anything,
    reason: reasonWords(reason, scope),
    count,
  })),
  details: report.details.map((detail) => ({ day: detail.day, words: detailWords(detail), count: detail.count })),
})

function rightWords(what: string, right: string): string {
  if (what.startsWith('method:')) return describeScope(what)
  const scope = what === '' ? undefined : readScope(`${documentScope(what, 'read').slice(0, -'read'.length)}${right}`)
  return scope ? describeScope(scope.token) : `${appTexts.use.otherSite}: ${right}`
}

const reasonWords = (reason: ReportedRefusal['reason'], scope: string): string => filled(appTexts.use.reasons[reason], { scope })

function detailWords({ outcome, what, right }: ReportedDetail): string {
  if (outcome === 'used' || outcome === 'call') return rightWords(what, right)
  return `${what || appTexts.use.anything}: ${reasonWords(outcome, right)}`
}

/** A piece of advice in words, with the button that follows it. */
export function adviceView(advice: Advice, unusedRightDays: number): AdviceView {
  const words = appTexts.advice
  switch (advice.kind) {
    case 'unused':
      return { words: filled(words.unused, { scope: advice.scope, days: unusedRightDays }), fix: { scope: advice.scope, narrows: false } }
    case 'wide':
      return {
        words: filled(words.wide, { scope: advice.scope, instead: advice.instead.join(', ') }),
        fix: { scope: advice.scope, narrows: true },
      }
    case 'old secret':
      return { words: filled(words.oldSecret, { days: advice.days }) }
    case 'spread secret':
      return { words: filled(words.spreadSecret, { networks: advice.networks }) }
    case 'plain redirect':
      return { words: filled(words.plainRedirect, { uri: advice.uri }) }
    default:
      return { words: filled(words.powerless, { user: advice.user }) }
  }
}

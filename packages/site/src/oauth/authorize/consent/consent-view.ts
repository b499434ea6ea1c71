import { isIdentityScope, OAUTH_PATHS, readScope, type Filter } from '@annex/protocol'
import type { Answer, Exchange } from '../../../http/exchange.ts'
import { consentPage, type ConsentOlder, type ConsentScope } from '../../../pages/consent/consent-page.ts'
import { filterWords } from '../../../pages/consent/filter-words.ts'
import type { ConsentLimit, ConsentRows } from '../../../pages/consent/rows-part.ts'
import { texts } from '../../../pages/texts.ts'
import { parseRowFilters, type RowFilters } from '../../../policy/row-filters.ts'
import type { Principal } from '../../../policy/principal.ts'
import { shownTime } from '../../apps/page-parts.ts'
import { unsaidReach } from '../../clients/client.ts'
import { hostOf } from '../../clients/redirect-uris.ts'
import type { OAuthParts } from '../../oauth-parts.ts'
import { consentScopes } from './consent.ts'
import type { AuthorizeFacts } from './consent-facts.ts'
import type { Asking } from '../checks.ts'
import { END_OLDER, mayReachMore } from '../older/older-connections.ts'
import type { DoctypeOf } from '../requested/requested-scopes.ts'
import { choosableDoctypes, rowField, type RowChoices } from '../rows/row-choices.ts'

/** A page that was opened: its one-time id, and what it asks about. */
export interface Opened {
  readonly id: string
  readonly offered: readonly string[]
  /** Of a device that waits elsewhere: where its form goes, whose host is shown, and the code on its screen. */
  readonly device?: { readonly action: string; readonly host: string; readonly code: string }
  /** Why this user cannot give what is asked for: then the page has no way but back. */
  readonly impossible?: string | undefined
  /** What was sent with a form that is shown again, and what was wrong with it. */
  readonly sent?: {
    readonly ticked: readonly string[]
    readonly choices: RowChoices
    readonly endsOlder: boolean
    readonly error: string | undefined
  }
}

type OlderViewParts = Pick<OAuthParts, 'doctypeOf' | 'zone'>

/** The page that asks, for who is signed in. One that is shown again is an answer to a mistake. */
export async function consentAnswer(
  { users, doctypeOf, zone }: Pick<OAuthParts, 'users' | 'doctypeOf' | 'zone'>,
  exchange: Exchange<Principal>,
  { principal, client, redirectUri }: Asking,
  facts: AuthorizeFacts,
  { id, offered, device, impossible, sent }: Opened,
): Promise<Answer> {
  const [person, owner] = await Promise.all([
    users.person(principal.user),
    client.dynamicallyRegistered ? undefined : users.person(client.owner),
  ])
  const page = consentPage({
    person: {
      fullName: person?.fullName ?? principal.user,
      csrf: exchange.csrf ?? '',
      systemManager: principal.roles.has('System Manager'),
    },
    action: device?.action ?? OAUTH_PATHS.approve,
    hidden: { id, ...(device ? { user_code: device.code } : {}) },
    deviceCode: device?.code,
    appName: client.name,
    redirectHost: device?.host ?? hostOf(redirectUri),
    homeHost: client.homePage !== undefined && URL.canParse(client.homePage) ? hostOf(client.homePage) : undefined,
    contact: client.contact,
    owner: owner?.fullName,
    unverified: client.dynamicallyRegistered,
    scopes: shownScopes(facts, offered, sent?.ticked),
    unsaid: unsaidReach(client, facts.scopes),
    known: facts.scopes.filter((scope) => !offered.includes(scope) && !isIdentityScope(scope)),
    rows: rowsOf(facts, offered, sent?.choices, doctypeOf),
    older: olderOf(facts, offered, sent?.endsOlder ?? true, { doctypeOf, zone }),
    warning: client.unfenced && offered.includes('all') ? texts.consent.unfenced : undefined,
    impossible,
    error: sent?.error,
  })
  return { ...(sent && { status: 400 }), page, formsLeave: true }
}

function olderOf(facts: AuthorizeFacts, offered: readonly string[], ends: boolean, parts: OlderViewParts): ConsentOlder | undefined {
  const { client, older, requested, choices } = facts
  const limited = requested.details.filter(({ filters }) => filters.length > 0).map(({ doctype }) => doctype)
  const doctypes = [...choosableDoctypes(offered, parts.doctypeOf), ...limited, ...choices.keys()]
  const first = older.at(-1)
  if (!first || !older.some((grant) => mayReachMore(grant, { offered, doctypes }, client))) return undefined
  return { count: older.length, since: shownTime(first.created, parts.zone), field: END_OLDER, ends }
}

function shownScopes(facts: AuthorizeFacts, offered: readonly string[], ticked: readonly string[] | undefined): ConsentScope[] {
  const scopes = consentScopes(facts, offered)
  return ticked === undefined ? scopes : scopes.map((scope) => ({ ...scope, checked: scope.required || ticked.includes(scope.scope) }))
}

/** Which documents the app is kept to: by an administrator, by itself, and by the user. */
function rowsOf(facts: AuthorizeFacts, offered: readonly string[], typed: RowChoices | undefined, doctypeOf: DoctypeOf): ConsentRows {
  const { client, requested, scopes } = facts
  const opened = [...scopes, ...unsaidReach(client, scopes)]
  const isReached = (doctype: string): boolean => opened.some((token) => reaches(token, doctype))
  const ofApp: RowFilters = new Map(requested.details.map(({ doctype, filters }) => [doctype, filters]))
  const ofSite = client.rowFilters === undefined ? undefined : parseRowFilters(client.rowFilters)
  const limits = [...limitsOf(ofSite, 'site', doctypeOf), ...limitsOf(ofApp, 'app', doctypeOf)].filter(({ doctype }) => isReached(doctype))
  const fields = choosableDoctypes(offered, doctypeOf)
  return {
    limits: [...limits, ...keptChoices(facts.choices, fields).filter(({ doctype }) => isReached(doctype))],
    choices: fields.map((doctype) => ({ doctype, field: rowField(doctype), names: (typed ?? facts.choices).get(doctype) ?? [] })),
    dropsWide: offered.some((token) => ['all', 'method'].includes(readScope(token)?.kind ?? '')),
  }
}

function limitsOf(filters: RowFilters | undefined, by: ConsentLimit['by'], doctypeOf: DoctypeOf): ConsentLimit[] {
  return [...(filters ?? [])]
    .filter(([, ofDoctype]) => ofDoctype.length > 0)
    .map(([doctype, ofDoctype]) => ({ doctype, by, words: ofDoctype.map((filter) => wordsOf(doctype, filter, doctypeOf)) }))
}

/** What the user chose before and this page does not ask about. */
const keptChoices = (choices: RowChoices, asked: readonly string[]): ConsentLimit[] =>
  [...choices]
    .filter(([doctype]) => !asked.includes(doctype))
    .map(([doctype, names]) => ({ doctype, by: 'user', words: [filterWords({ label: texts.filters.name, operator: 'in', value: names })] }))

function wordsOf(doctype: string, { fieldname, operator, value }: Filter, doctypeOf: DoctypeOf): string {
  const field = doctypeOf(doctype)?.fields.find((candidate) => candidate.fieldname === fieldname)
  const label = fieldname === 'name' ? texts.filters.name : field?.label || fieldname
  return filterWords({ label, operator, value })
}

function reaches(token: string, doctype: string): boolean {
  const scope = readScope(token)
  return scope?.kind === 'document' && (scope.doctype === doctype || scope.doctype === '*')
}

import { FrappeError, allowsScope, invalid, readScope, type DocType } from '@annex/protocol'
import type { SiteSettings } from '../../settings.ts'
import { isWide } from './registration-policy.ts'
import { wordsOf } from '../clients-store.ts'
import { checkIpRanges } from '../ip-ranges.ts'
import { checkAddresses } from './address-rules.ts'
import { checkRelaxations } from './legacy-rules.ts'
import { checkRowFilters } from './row-filter-rules.ts'
import { checkKnownScope, type KnownNames } from './scope-rules.ts'
import { checkServiceUser, type ServiceUserRules } from './service-user-rules.ts'

export interface ClientRules extends ServiceUserRules {
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly httpRedirectHosts: readonly string[]
  readonly settings: () => Promise<SiteSettings>
}

type Fields = Readonly<Record<string, unknown>>

const PAIRS: Readonly<Record<string, string>> = { 'Authorization Code': 'Code', Implicit: 'Token' }
const MAX_SCOPES = 100

const RANGES: Readonly<Record<string, readonly [label: string, least: number, most: number, unit: string]>> = {
  rotation_leeway: ['Rotation Leeway', 0, 60, ' seconds'],
  access_token_lifetime: ['Access Token Lifetime', 60, 86_400, ' seconds'],
  idle_lifetime: ['Idle Lifetime', 1, 365, ' days'],
  absolute_lifetime: ['Absolute Lifetime', 1, 730, ' days'],
  requests_per_second: ['Requests Per Second', 0, 1_000_000, ''],
  concurrent_requests: ['Concurrent Requests', 0, 10_000, ''],
}

/**
 * Judges what an OAuth Client document says.
 *
 * @param previous - as it is stored; undefined for a new one
 * @throws {FrappeError} `ValidationError` or `MandatoryError`, naming what is wrong for the one who registers the app
 */
export async function checkClient(client: Fields, rules: ClientRules, previous?: Fields): Promise<void> {
  const settings = await rules.settings()
  checkTypes(client)
  checkRanges(client)
  checkAddresses(client, rules.httpRedirectHosts, previous)
  checkIpRanges(textOf(client['ip_ranges']))
  checkScopes(client, { ...rules, ...settings })
  checkRelaxations(client)
  checkFiltered(client, rules)
  if (client['scopes'] !== previous?.['scopes']) checkRegisteredItself(client, settings)
  await checkServiceUser(client, rules)
}

function checkTypes(client: Fields): void {
  const grant = textOf(client['grant_type']) || 'Authorization Code'
  const response = textOf(client['response_type']) || 'Code'
  if (PAIRS[grant] !== undefined && PAIRS[grant] !== response)
    throw invalid(`Combination of Grant Type (${grant}) and Response Type (${response}) not allowed`)
}

function checkRanges(client: Fields): void {
  for (const [field, [label, least, most, unit]] of Object.entries(RANGES)) {
    const value = Number(client[field] ?? least)
    if (!(value >= least && value <= most)) throw invalid(`${label} must be ${least} to ${most}${unit}`)
  }
}

function checkScopes(client: Fields, known: KnownNames): void {
  const scopes = wordsOf(client['scopes'])
  if (scopes.length === 0)
    throw new FrappeError('MandatoryError', 'Scopes: name what the app may ask for, such as openid or Sales.Invoice:read')
  if (scopes.length > MAX_SCOPES) throw invalid(`Scopes: name at most ${MAX_SCOPES}`)
  for (const scope of scopes) checkKnownScope(scope, known)
  for (const field of ['required_scopes', 'optional_scopes']) {
    const stray = wordsOf(client[field]).find((scope) => readScope(scope) === undefined || !allowsScope(scopes, scope))
    if (stray !== undefined) throw invalid(`${stray.slice(0, 100)} in ${field} is not among the scopes that the app may ask for`)
  }
}

/** A method, or everything, would walk round a filter (provider.md 0.15). */
function checkFiltered(client: Fields, { doctypeOf }: ClientRules): void {
  checkRowFilters(client['row_filters'], doctypeOf)
  if (isEmpty(client['row_filters'])) return
  const wide = wordsOf(client['scopes']).find((scope) => scope === 'all' || scope.startsWith('method:'))
  if (wide !== undefined)
    throw invalid(`An app with row filters may not have the scope ${wide}, which would pass by them; name DocTypes and rights instead`)
}

/** Only what is changed: one that the policy was narrowed under must still be there to be suspended, and is held to the policy anyway. */
function checkRegisteredItself(client: Fields, { registrationScopes }: SiteSettings): void {
  if (Number(client['dynamically_registered'] ?? 0) !== 1) return
  const stray = wordsOf(client['scopes']).find((scope) => isWide(scope) && !registrationScopes.includes(scope))
  if (stray !== undefined)
    throw invalid(`An app that registered itself may have ${stray} only when OAuth Settings name it in Registration Scopes`)
}

const isEmpty = (json: unknown): boolean =>
  json === undefined || json === null || json === '' || (typeof json === 'string' && /^\s*\{\s*\}\s*$/.test(json))
const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

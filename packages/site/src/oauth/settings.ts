import type { Generation } from '@annex/database'
import type { Document } from '@annex/protocol'
import type { Documents } from '../documents/documents.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { wordsOf } from './clients/clients-store.ts'
import { parseScopeSets, type ScopeBundles } from './settings/scope-sets.ts'

export const SETTINGS = 'OAuth Settings'
export const REGISTRATION_POLICIES = ['Off', 'After Approval', 'Open'] as const

/** The site's policy for apps, as a System Manager set it. */
export interface SiteSettings {
  /** Whether tokens and API keys are accepted at all. */
  readonly apiAccess: boolean
  /** Whether programs may register themselves (RFC 7591). */
  readonly dynamicRegistration: (typeof REGISTRATION_POLICIES)[number]
  /** What such a program may ask for: exact scopes or patterns. */
  readonly registrationScopes: readonly string[]
  /** From one address. */
  readonly registrationsPerHour: number
  /** A self-registered app that nobody used for so long is removed; 0 = never. */
  readonly unusedRegistrationDays: number
  /** Of one app or one user; 0 = no limit. */
  readonly requestsPerSecond: number
  /** Of one app or one user at a time; 0 = no limit. */
  readonly concurrentRequests: number
  readonly secretAgeDays: number
  readonly unusedRightDays: number
  /** Age at which the signing key is changed; 0 = by command alone. */
  readonly signingKeyDays: number
  /** How long the trail is kept; 0 = for ever. */
  readonly auditDays: number
  /** Bundles that apps may ask for as `set:NAME`, by their names. */
  readonly scopeSets: ScopeBundles
}

export interface OAuthSettingsParts {
  readonly documents: Pick<Documents, 'read'>
  readonly generation: Generation
}

/**
 * The Single OAuth Settings, kept until the generation moves. Whoever has not observed the generation
 * (an endpoint without an authenticator) does so first: `generation.observe(await generation.read())`.
 */
export class OAuthSettings {
  readonly #documents: Pick<Documents, 'read'>
  #kept: SiteSettings | Promise<SiteSettings> | undefined

  constructor({ documents, generation }: OAuthSettingsParts) {
    this.#documents = documents
    generation.onChange(async () => {
      this.#kept = undefined
    })
  }

  /** At once where they are known: every call of a program asks for them. */
  read(): SiteSettings | Promise<SiteSettings> {
    if (this.#kept) return this.#kept
    const reading = this.#documents.read(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS }).then(settingsOf)
    const settle = (settings?: SiteSettings): void => {
      if (this.#kept === reading) this.#kept = settings
    }
    this.#kept = reading
    reading.then(settle, () => settle())
    return reading
  }
}

/** The settings that a document holds; what nobody set has the default of its field. */
function settingsOf(document: Document): SiteSettings {
  const count = (field: string): number => Math.max(0, Number(document[field] ?? 0))
  return {
    apiAccess: document['api_access'] !== 'Off',
    dynamicRegistration: REGISTRATION_POLICIES.find((policy) => policy === document['dynamic_registration']) ?? 'Off',
    registrationScopes: wordsOf(document['registration_scopes']),
    registrationsPerHour: count('registrations_per_hour'),
    unusedRegistrationDays: count('unused_registration_days'),
    requestsPerSecond: count('requests_per_second'),
    concurrentRequests: count('concurrent_requests'),
    secretAgeDays: count('secret_age_days'),
    unusedRightDays: count('unused_right_days'),
    signingKeyDays: count('signing_key_days'),
    auditDays: count('audit_days'),
    scopeSets: parseScopeSets(document['scope_sets']),
  }
}

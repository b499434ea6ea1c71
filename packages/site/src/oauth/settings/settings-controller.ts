import type { Generation } from '@annex/database'
import { invalid, type Document } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Controller } from '../../doctypes/controller.ts'
import type { DoctypeOf } from '../authorize/requested/requested-scopes.ts'
import { wordsOf } from '../clients/clients-store.ts'
import { checkKnownScope } from '../clients/rules/scope-rules.ts'
import { tellPolicyChange, type TellPolicyParts } from '../registration/tell-policy.ts'
import { checkScopeSets, parseScopeSets } from './scope-sets.ts'

export interface SettingsControllerParts extends TellPolicyParts {
  readonly generation: Generation
  readonly audit: Audit
  readonly doctypeOf: DoctypeOf
}

const RANGES: Readonly<Record<string, readonly [label: string, least: number, most: number]>> = {
  registrations_per_hour: ['Registrations Per Hour', 0, 100_000],
  unused_registration_days: ['Unused Registration Days', 0, 3650],
  requests_per_second: ['Requests Per Second', 0, 1_000_000],
  concurrent_requests: ['Concurrent Requests', 0, 10_000],
  secret_age_days: ['Secret Age Days', 1, 3650],
  unused_right_days: ['Unused Right Days', 1, 3650],
  signing_key_days: ['Signing Key Days', 0, 3650],
  audit_days: ['Audit Days', 0, 36_500],
}

/** The behaviour of the Single OAuth Settings: judged before it is written, noted in the trail, and in force at once in every process. */
export function settingsController({ generation, audit, doctypeOf, ...telling }: SettingsControllerParts): Controller {
  return {
    beforeUpdate: async ({ document }) => checkSettings(document, doctypeOf),
    afterUpdate: async ({ connection, user, document, previous }) => {
      await audit.write(connection, { event: 'oauth.settings.changed', user, detail: changesOf(document, previous) })
      const [before, after] = [previous, document].map((each) => wordsOf(each?.['registration_scopes']))
      if (before && after && before.join(' ') !== after.join(' ')) await tellPolicyChange(connection, { before, after }, telling)
      await generation.bump(connection)
    },
  }
}

/** @throws {FrappeError} `ValidationError` that names the field */
function checkSettings(document: Document, doctypeOf: DoctypeOf): void {
  for (const [field, [label, least, most]] of Object.entries(RANGES)) {
    const value = Number(document[field] ?? 0)
    if (!(value >= least && value <= most)) throw invalid(`${label} must be ${least} to ${most}`)
  }
  const known = { doctypeOf, scopeSets: parseScopeSets(document['scope_sets']) }
  for (const scope of wordsOf(document['registration_scopes'])) checkKnownScope(scope, known)
  checkScopeSets(known.scopeSets, doctypeOf)
}

/** The fields that changed, with what they hold now. */
function changesOf(document: Document, previous: Document | undefined): Record<string, unknown> {
  const fields = ['api_access', 'dynamic_registration', 'registration_scopes', 'scope_sets', ...Object.keys(RANGES)]
  return Object.fromEntries(fields.filter((field) => document[field] !== previous?.[field]).map((field) => [field, document[field]]))
}

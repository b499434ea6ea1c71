import type { Values } from '@annex/protocol'
import { APP_FIELDS, BACKCHANNEL, NEW_APP_FIELDS, type AppField } from '../../pages/apps/app-fields.ts'
import { appTexts, filled } from '../../pages/apps/app-texts.ts'
import type { FieldValues } from '../../pages/apps/field-parts.ts'
import { newConnectedApp, type ConnectedAppValues } from '../../pages/connected-apps-page.ts'
import { texts } from '../../pages/texts.ts'
import type { CountedUse } from '../clients/uses/client-uses-store.ts'
import { textOf } from '../text-of.ts'
import { wordsOf } from '../clients/clients-store.ts'
import { shownTime } from './page-parts.ts'

/** What a link may suggest: none that acts for itself. */
const SUGGESTED_KINDS = ['web', 'native', 'public'] as const
export const KINDS = [...SUGGESTED_KINDS, 'service', 'agent'] as const

type Stored = Readonly<Record<string, unknown>>

/** What the form holds, from what was posted or from the stored document. */
export function shownValues(source: URLSearchParams | Stored | undefined): ConnectedAppValues {
  const stored = source instanceof URLSearchParams || source === undefined ? undefined : source
  const text = (name: string): string => textOf(source instanceof URLSearchParams ? source.get(name) : source?.[name])
  const posted = source instanceof URLSearchParams && source.get('pkce_required') === '1'
  return {
    app_name: text('app_name'),
    redirect_uris: stored ? redirectLines(stored) : text('redirect_uris'),
    scopes: text('scopes'),
    required_scopes: text('required_scopes'),
    optional_scopes: text('optional_scopes'),
    pkce_required: stored ? stored['require_pkce'] === 1 : posted,
    kind: text('kind') || 'web',
  }
}

/**
 * What a link suggests for a new app, by the names that Frappe's fields have, or the form's own. PKCE stays on, and a kind is
 * one that acts for people: no link loosens anything.
 */
export function suggestedValues(query: URLSearchParams): ConnectedAppValues {
  const suggested = Object.fromEntries([...query].filter(([, text]) => text !== ''))
  const { app_name, scopes, kind, required_scopes, optional_scopes } = { ...newConnectedApp, ...suggested }
  return {
    app_name,
    redirect_uris: redirectLines(suggested),
    scopes,
    required_scopes,
    optional_scopes,
    pkce_required: true,
    kind: SUGGESTED_KINDS.find((known) => known === kind) ?? newConnectedApp.kind,
  }
}

/** What a link suggests of the further settings: never whose rights the app shall have. */
export const suggestedFields = (query: URLSearchParams): FieldValues => ({ [BACKCHANNEL.name]: query.get(BACKCHANNEL.name) ?? '' })

/** The further settings of a new app, as its form shows them again. */
export const newFields = (source: URLSearchParams | undefined): FieldValues =>
  Object.fromEntries(NEW_APP_FIELDS.fields.map(({ name }) => [name, source?.get(name) ?? '']))

/** The document's fields for them. */
export const newFieldValues = (form: URLSearchParams | undefined): Values =>
  Object.fromEntries(NEW_APP_FIELDS.fields.map((field) => [field.name, valueOf(field, (form?.get(field.name) ?? '').trim())]))

/** One a line, the default one first. */
const redirectLines = (stored: Stored): string =>
  [...new Set([...wordsOf(stored['default_redirect_uri']), ...wordsOf(stored['redirect_uris'])])].join('\n')

/** The document's fields for a form: the first redirect URI is the default one. */
export function formValues(values: ConnectedAppValues): Values {
  const uris = wordsOf(values.redirect_uris)
  return {
    app_name: values.app_name,
    kind: values.kind,
    redirect_uris: uris.join('\n'),
    default_redirect_uri: uris[0] ?? '',
    scopes: values.scopes,
    required_scopes: values.required_scopes,
    optional_scopes: values.optional_scopes,
    require_pkce: values.pkce_required ? 1 : 0,
  }
}

/** The further settings, as the form shows them: from what was posted, or from the stored document. */
export function shownFields(source: URLSearchParams | Stored): FieldValues {
  const shown = (field: AppField): string => {
    if (source instanceof URLSearchParams) return source.get(field.name) ?? ''
    return field.name === 'allowed_roles' ? roleLines(source['allowed_roles']) : textOf(source[field.name])
  }
  return Object.fromEntries(APP_FIELDS.map((field) => [field.name, shown(field)]))
}

const roleLines = (rows: unknown): string =>
  (Array.isArray(rows) ? rows : []).map((row: unknown) => textOf((row as Stored | null)?.['role'])).join('\n')

/**
 * The document's fields for the further settings of a form. A form that was sent without them (an older page, a program)
 * changes none: the marker says that its empty boxes are meant.
 */
export function fieldValues(form: URLSearchParams | undefined): Values {
  if (form?.get('all_settings') !== '1') return {}
  return Object.fromEntries(APP_FIELDS.map((field) => [field.name, valueOf(field, (form.get(field.name) ?? '').trim())]))
}

function valueOf({ name, kind }: AppField, text: string): unknown {
  if (name === 'allowed_roles')
    return text
      .split(/\r?\n/)
      .map((role) => role.trim())
      .filter((role) => role !== '')
      .map((role) => ({ role }))
  if (kind === 'box') return text === '1' ? 1 : 0
  if (kind === 'number') return text === '' ? 0 : text
  return text === '' ? null : text
}

/** What an administrator loosened for this app, in plain words; exceptions for programs of old with how often they were used. */
export function relaxationsOf(document: Stored, uses: readonly CountedUse[], zone: string): string[] {
  const words = texts.connectedApps.relaxations
  const legacy = Object.entries(LEGACY).filter(([field]) => document[field] === 1)
  return [
    ...(document['kind'] === 'web' && document['require_pkce'] === 0 ? [words.pkce] : []),
    ...(document['skip_authorization'] === 1 ? [words.consent] : []),
    ...(document['unfenced'] === 1 ? [words.fence] : []),
    ...(document['revoke_mode'] === 'token-only' ? [words.revoke] : []),
    ...legacy.map(
      ([, { kind, said }]) =>
        `${said} (${useWords(
          uses.find((use) => use.kind === kind),
          zone,
        )})`,
    ),
  ]
}

const useWords = (use: CountedUse | undefined, zone: string): string =>
  use ? filled(appTexts.legacy.used, { count: use.count, time: shownTime(use.lastUsed, zone) }) : appTexts.legacy.unused

/** Fields of exceptions, with the kind by which their use is counted. */
const LEGACY: Readonly<Record<string, { readonly kind: string; readonly said: string }>> = {
  openid_acts_as_all: { kind: 'openidActsAsAll', said: appTexts.legacy.openid_acts_as_all },
  refresh_without_secret: { kind: 'refreshWithoutSecret', said: appTexts.legacy.refresh_without_secret },
  token_document: { kind: 'tokenDocument', said: appTexts.legacy.token_document },
  short_verifier: { kind: 'shortVerifier', said: appTexts.legacy.short_verifier },
  hs256_id_token: { kind: 'hs256IdToken', said: appTexts.legacy.hs256_id_token },
}

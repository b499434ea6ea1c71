import type { Values } from '@annex/protocol'
import type { ConnectedAppValues } from '../../pages/connected-apps-page.ts'
import { texts } from '../../pages/texts.ts'
import { textOf } from '../text-of.ts'
import { wordsOf } from '../clients/clients-store.ts'

export const KINDS = ['web', 'native', 'public'] as const

/** What the form holds, from what was posted or from the stored document. */
export function shownValues(source: URLSearchParams | Readonly<Record<string, unknown>> | undefined): ConnectedAppValues {
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

/** One a line, the default one first. */
const redirectLines = (stored: Readonly<Record<string, unknown>>): string =>
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

/** What an administrator loosened for this app, in plain words. */
export function relaxationsOf(document: Readonly<Record<string, unknown>>): string[] {
  const words = texts.connectedApps.relaxations
  return [
    ...(document['kind'] === 'web' && document['require_pkce'] === 0 ? [words.pkce] : []),
    ...(document['skip_authorization'] === 1 ? [words.consent] : []),
    ...(document['unfenced'] === 1 ? [words.fence] : []),
    ...(document['revoke_mode'] === 'token-only' ? [words.revoke] : []),
  ]
}

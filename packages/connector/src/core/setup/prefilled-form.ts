/** What a System Manager is to enter for an app. */
export interface FormEntries {
  readonly name: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** Where the app hears of sign-outs; for a site that tells of them. */
  readonly logoutUri?: string | undefined
}

/**
 * The link to a site's own form for a new app, filled in. For a System Manager to open, look through and save. A Frappe and an
 * Annex site both answer it.
 *
 * @param site the site's address
 */
export function prefilledForm(site: string, { name, redirectUri, scopes, logoutUri }: FormEntries): string {
  const url = new URL('/app/oauth-client/new', site)
  const entries = {
    app_name: name,
    redirect_uris: redirectUri,
    default_redirect_uri: redirectUri,
    scopes: scopes.join(' '),
    grant_type: 'Authorization Code',
    response_type: 'Code',
    ...(logoutUri === undefined ? {} : { backchannel_logout_uri: logoutUri }),
  }
  for (const [field, value] of Object.entries(entries)) url.searchParams.set(field, value)
  // Frappe reads a plus sign as one.
  return url.href.replaceAll('+', '%20')
}

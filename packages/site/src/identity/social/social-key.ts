/** A Social Login Key: another provider by which this site's users sign in. Its secret is read only where it is sent. */
export interface SocialKey {
  readonly name: string
  /** What its button says. */
  readonly label: string
  readonly enabled: boolean
  readonly isFrappe: boolean
  readonly clientId: string
  /** Without a slash at its end. */
  readonly baseUrl: string
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly profileUrl: string
  readonly scope: string
  readonly allowsSignUps: boolean
  readonly trustsEmail: boolean
  /** Changes with each save. */
  readonly version: string
}

const FRAPPE = '/api/method/frappe.integrations.oauth2.'
/** Frappe's own paths, so that a client that is registered for a Frappe site goes on. */
const CALLBACK = '/api/method/frappe.integrations.oauth2_logins.'
export const callbackPaths = { named: `${CALLBACK}custom/:name`, frappe: `${CALLBACK}login_via_frappe` } as const
/** The name whose callback has a path of its own. */
export const FRAPPE_NAME = 'frappe'

/** Where a provider sends the browser back to. */
export const callbackPath = (name: string): string => (name === FRAPPE_NAME ? callbackPaths.frappe : `${CALLBACK}custom/${name}`)

export function socialKeyOf(document: Readonly<Record<string, unknown>>): SocialKey {
  const text = (field: string): string => (typeof document[field] === 'string' ? document[field].trim() : '')
  const checked = (field: string): boolean => Number(document[field] ?? 0) === 1
  const isFrappe = text('social_login_provider') === 'Frappe'
  return {
    name: String(document['name']),
    label: text('provider_name'),
    enabled: checked('enable_social_login'),
    isFrappe,
    clientId: text('client_id'),
    baseUrl: text('base_url').replace(/\/+$/, ''),
    authorizeUrl: text('authorize_url') || (isFrappe ? `${FRAPPE}authorize` : ''),
    tokenUrl: text('access_token_url') || (isFrappe ? `${FRAPPE}get_token` : ''),
    profileUrl: text('api_endpoint') || (isFrappe ? `${FRAPPE}openid_profile` : ''),
    scope: text('scope') || (isFrappe ? 'openid' : 'openid email profile'),
    allowsSignUps: text('sign_ups') === 'Allow',
    trustsEmail: checked('trust_email'),
    version: String(document['modified']),
  }
}

/** The name that a provider's label gives, as Frappe makes it. */
export const nameOfLabel = (label: string): string =>
  label
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')

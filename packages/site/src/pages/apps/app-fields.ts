/** One setting, as a form shows it. */
export interface AppField {
  /** The field of the DocType. */
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly kind: 'line' | 'lines' | 'number' | 'box' | readonly string[]
  /** What the choices of a list mean, where their names do not say it. */
  readonly words?: Readonly<Record<string, string>>
  /** Shown in red: a relaxation for a program that cannot be changed. */
  readonly legacy?: true
}

export interface AppFieldGroup {
  readonly title: string
  readonly fields: readonly AppField[]
}

/** Where it hears of sign-outs. */
export const BACKCHANNEL: AppField = {
  name: 'backchannel_logout_uri',
  label: 'Back-channel logout address',
  hint: 'Hears within seconds that a person signed out here, or took their access back.',
  kind: 'line',
}

const SERVICE_USER: AppField = {
  name: 'service_user',
  label: 'Service user',
  hint: 'Whose rights it has when it signs in for itself (service and agent).',
  kind: 'line',
}

/** Of a new app, what is not among its values; the rest of its settings can wait until it is saved. */
export const NEW_APP_FIELDS: AppFieldGroup = { title: 'For some apps', fields: [SERVICE_USER, BACKCHANNEL] }

/** Every setting of a saved app besides those that a new one has. */
export const APP_FIELD_GROUPS: readonly AppFieldGroup[] = [
  {
    title: 'About it',
    fields: [
      { name: 'user', label: 'Owner', hint: 'The user of this site who answers for it.', kind: 'line' },
      { name: 'contact', label: 'Contact', hint: 'An e-mail address.', kind: 'line' },
      { name: 'client_uri', label: 'Home page', kind: 'line' },
      { name: 'logo_uri', label: 'Logo', hint: 'An address; the site never fetches it.', kind: 'line' },
    ],
  },
  {
    title: 'Who may connect',
    fields: [
      {
        name: 'authorization_policy',
        label: 'Open to',
        hint: 'After Approval: each user once, by a System Manager.',
        kind: ['Roles', 'Everyone', 'After Approval'],
      },
      { name: 'allowed_roles', label: 'Roles', hint: 'One a line; with Open to: Roles.', kind: 'lines' },
      { name: 'skip_authorization', label: 'Trusted: people are not asked for consent', kind: 'box' },
      SERVICE_USER,
    ],
  },
  {
    title: 'What it reaches',
    fields: [
      {
        name: 'row_filters',
        label: 'Row filters',
        hint: 'By DocType, such as {"Sales Invoice": [["company", "=", "X"]]}. Every document of its tokens must meet them.',
        kind: 'lines',
      },
      { name: 'unfenced', label: 'Without the fence: the right all reaches users, permissions and apps', kind: 'box' },
    ],
  },
  {
    title: 'Where it calls from, and how much',
    fields: [
      { name: 'ip_ranges', label: 'IP ranges', hint: 'Addresses or CIDR ranges, one a line. Empty: from anywhere.', kind: 'lines' },
      {
        name: 'allowed_origins',
        label: 'Origins of scripts',
        hint: 'Such as https://app.example.com, one a line: scripts in browsers there may call with its tokens (CORS).',
        kind: 'lines',
      },
      { name: 'requests_per_second', label: 'Requests a second', hint: '0: the limit of the site.', kind: 'number' },
      { name: 'concurrent_requests', label: 'Requests at a time', hint: '0: the limit of the site.', kind: 'number' },
    ],
  },
  {
    title: 'How long things last',
    fields: [
      { name: 'access_token_lifetime', label: 'Access token', hint: 'Seconds, 60 to 86400.', kind: 'number' },
      { name: 'idle_lifetime', label: 'Unused connection', hint: 'Days, 1 to 365.', kind: 'number' },
      { name: 'absolute_lifetime', label: 'Connection at all', hint: 'Days, 1 to 730.', kind: 'number' },
      {
        name: 'rotation_leeway',
        label: 'Repeated refresh',
        hint: 'Seconds in which it gets the same tokens again, 0 to 60.',
        kind: 'number',
      },
      { name: 'revoke_mode', label: 'When one token is revoked, what ends', kind: ['grant', 'token-only'] },
    ],
  },
  {
    title: 'What it is told',
    fields: [
      { name: 'post_logout_redirect_uris', label: 'Addresses to return to after sign-out', hint: 'One a line.', kind: 'lines' },
      BACKCHANNEL,
      { name: 'event_uri', label: 'Event address', hint: 'Hears within seconds that a connection ended or narrowed.', kind: 'line' },
    ],
  },
  {
    title: 'Only for programs that cannot be changed',
    fields: [
      { name: 'openid_acts_as_all', label: 'A token with openid reads all that its user may', kind: 'box', legacy: true },
      { name: 'refresh_without_secret', label: 'It renews tokens without its secret', kind: 'box', legacy: true },
      { name: 'token_document', label: 'It may read its own token as OAuth Bearer Token', kind: 'box', legacy: true },
      { name: 'short_verifier', label: 'Its PKCE verifiers may be shorter than 43 characters', kind: 'box', legacy: true },
      { name: 'hs256_id_token', label: 'Its id_tokens are signed with its secret (HS256)', kind: 'box', legacy: true },
      { name: 'rs256_id_token', label: 'Its id_tokens are signed with RS256', kind: 'box' },
    ],
  },
]

export const APP_FIELDS: readonly AppField[] = APP_FIELD_GROUPS.flatMap(({ fields }) => fields)

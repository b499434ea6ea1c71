import { invalid, mayBeLoopback, type Document } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Controller } from '../../doctypes/controller.ts'
import type { Outgoing } from '../../outgoing/outgoing.ts'
import { discover } from './discover.ts'
import { callbackPath, nameOfLabel, socialKeyOf } from './social-key.ts'

export interface SocialKeyControllerParts {
  readonly audit: Audit
  readonly outgoing: Outgoing
  /** The site's own origin. */
  readonly issuer: () => string
}

const ENDPOINTS = ['authorize_url', 'access_token_url', 'api_endpoint'] as const
const CALLED = ['base_url', ...ENDPOINTS] as const

/** What a Social Login Key does besides being stored: its provider is asked who it is, and the answer is kept in the document. */
export function socialKeyController(parts: SocialKeyControllerParts): Controller {
  const remember =
    (event: string): NonNullable<Controller['afterInsert']> =>
    ({ connection, user, document }) =>
      parts.audit.write(connection, { event, user, detail: { name: String(document.name), base_url: document['base_url'] } })
  return {
    beforeInsert: async ({ document }) => {
      document.name = nameOfLabel(textOf(document['provider_name']))
      if (document.name === '') throw invalid('Provider Name needs a letter or a digit of ASCII: the address to register is made of it')
      await settle(parts, document, undefined)
    },
    beforeUpdate: ({ document, previous }) => settle(parts, document, previous),
    afterInsert: remember('social key made'),
    afterUpdate: remember('social key changed'),
    afterRemove: remember('social key removed'),
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

async function settle(parts: SocialKeyControllerParts, document: Document, previous: Document | undefined): Promise<void> {
  document['redirect_url'] = callbackPath(String(document.name))
  checkBaseUrl(textOf(document['base_url']), parts.issuer())
  const { baseUrl } = socialKeyOf(document)
  document['base_url'] = baseUrl
  // What was kept of another provider is not this one's.
  if (previous && previous['base_url'] !== baseUrl)
    for (const field of ENDPOINTS) if (document[field] === previous[field]) document[field] = null
  const key = socialKeyOf(document)
  if (key.enabled && (key.clientId === '' || !document['client_secret']))
    throw invalid('Client ID and Client Secret are missing; register this site at the provider and put in what it gives you')
  // Turning a key off must go on when its provider is gone.
  const turnedOn = key.enabled && Number(previous?.['enable_social_login'] ?? 0) !== 1
  if (!turnedOn && previous && CALLED.every((field) => document[field] === previous[field])) return
  const provider = await discover(parts.outgoing, key)
  document['authorize_url'] = provider.authorizationEndpoint
  document['access_token_url'] = provider.tokenEndpoint
  document['api_endpoint'] = provider.userinfoEndpoint ?? null
}

/** @throws {FrappeError} `ValidationError` for what is no URL of a provider, and for this site itself, which is not called */
function checkBaseUrl(text: string, issuer: string): void {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  if (
    !url ||
    !['https:', 'http:'].includes(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== ''
  )
    throw invalid('Base URL must be the https URL of the provider, such as https://accounts.example.com')
  const own = new URL(issuer)
  const isOwn = url.origin === own.origin || (mayBeLoopback(url.hostname) && mayBeLoopback(own.hostname) && url.port === own.port)
  if (isOwn) throw invalid('Base URL is this site itself, whose users sign in with their password; give the URL of another provider')
}

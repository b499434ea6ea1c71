import type { Generation } from '@annex/database'
import { FrappeError, OAuthError, allowsScope, splitScope } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { addressBlock } from '../../http/address-block.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import { Limits } from '../../http/limits.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import type { Clients } from '../clients/clients.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import { ALWAYS, policyScopes } from '../clients/rules/registration-policy.ts'
import type { IdTokens } from '../keys/id-tokens.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import type { SiteSettings } from '../settings.ts'
import { nameFault } from './client-names.ts'
import { getsSecret, parseClientMetadata, type ClientMetadata } from './client-metadata.ts'
import { listKnownNames } from './registrations-store.ts'
import { isFull } from './unused-registrations.ts'

export interface RegistrationParts extends Pick<OAuthParts, 'database' | 'settings' | 'now'> {
  readonly generation: Generation
  readonly audit: Audit
  readonly clients: Clients
  readonly idTokens: IdTokens
}

/** Microseconds. */
const MINUTE = 60_000_000
/** Not for itself, where no person consents, and not by device codes, which a stranger could send to anybody. */
const GRANT_TYPES = ['authorization_code', 'refresh_token']

/**
 * Where programs register themselves, when the site's policy lets them.
 *
 * @see RFC 7591 section 3
 */
export class RegisterEndpoint {
  readonly #parts: RegistrationParts
  /** Until then there is no room for sure, and nobody looks. */
  #fullUntil = 0
  #limits: { readonly points: number; readonly limits: Limits } | undefined

  constructor(parts: RegistrationParts) {
    this.#parts = parts
  }

  async handle(exchange: Exchange<Principal>): Promise<Answer> {
    const { generation, settings } = this.#parts
    // No authenticator ran before this: the policy may have changed in another process.
    await generation.observe(await generation.read())
    const policy = await settings.read()
    if (policy.dynamicRegistration === 'Off')
      throw new OAuthError('access_denied', 'Programs cannot register themselves at this site; ask one of its System Managers to do it', {
        status: 404,
      })
    await this.#limitsOf(policy).consume(addressBlock(exchange.ip))
    await this.#requireRoom(policy)
    const metadata = this.#read(exchange)
    const scopes = scopesOf(metadata, policy)
    const name = await this.#nameOf(metadata)
    const state = policy.dynamicRegistration === 'Open' ? 'Active' : 'Pending'
    const { id, secret } = await this.#insert({ ...valuesOf(metadata, scopes), app_name: name, state })
    await this.#note(exchange, id, name, state)
    return { status: 201, headers: { pragma: 'no-cache' }, json: this.#answer(metadata, { id, secret, name, scopes }) }
  }

  /** Who has many addresses fills the site's list of apps no further than this. */
  async #requireRoom({ registrationsPerHour }: SiteSettings): Promise<void> {
    const { database, now } = this.#parts
    if (now() < this.#fullUntil) throw full()
    if (!(await isFull(database.connection, registrationsPerHour, now()))) return
    this.#fullUntil = now() + MINUTE
    throw full()
  }

  #read(exchange: Exchange<Principal>): ClientMetadata {
    return parseClientMetadata(exchange.json, { grantTypes: GRANT_TYPES, algorithms: this.#parts.idTokens.algorithms() })
  }

  async #nameOf({ name, redirectUris: [first = ''] }: ClientMetadata): Promise<string> {
    // A host is a name, too: that of a private scheme is any word.
    const shown = name ?? hostOf(first)
    const fault = nameFault(shown, await listKnownNames(this.#parts.database.connection))
    if (fault !== undefined) throw new OAuthError('invalid_client_metadata', fault)
    return shown
  }

  async #insert(values: Record<string, unknown>): ReturnType<Clients['insert']> {
    try {
      return await this.#parts.clients.insert(ADMINISTRATOR, values)
    } catch (error) {
      // What the DocType itself refuses is said in the RFC's words.
      if (error instanceof FrappeError && error.status === 417) throw new OAuthError('invalid_client_metadata', error.message)
      throw error
    }
  }

  async #note(exchange: Exchange<Principal>, client: string, name: string, state: string): Promise<void> {
    const { audit, database } = this.#parts
    const detail = { app_name: name, state }
    await audit.write(database.connection, { event: 'oauth.client.registered_itself', client, ip: exchange.ip, detail })
  }

  /** @see RFC 7591 section 3.2.1 */
  #answer(
    metadata: ClientMetadata,
    client: { readonly id: string; readonly secret?: string | undefined; readonly name: string; readonly scopes: readonly string[] },
  ): Record<string, unknown> {
    const optional = {
      client_uri: metadata.homePage,
      logo_uri: metadata.logo,
      contacts: metadata.contacts.length === 0 ? undefined : metadata.contacts,
      post_logout_redirect_uris: metadata.postLogoutRedirectUris.length === 0 ? undefined : metadata.postLogoutRedirectUris,
      backchannel_logout_uri: metadata.backchannelLogoutUri,
    }
    return {
      client_id: client.id,
      ...(getsSecret(metadata) ? { client_secret: client.secret, client_secret_expires_at: 0 } : {}),
      client_id_issued_at: Math.floor(this.#parts.now() / 1_000_000),
      client_name: client.name,
      redirect_uris: metadata.redirectUris,
      application_type: metadata.kind === 'native' ? 'native' : 'web',
      token_endpoint_auth_method: metadata.authMethod,
      grant_types: metadata.grantTypes,
      response_types: ['code'],
      id_token_signed_response_alg: metadata.alg,
      scope: client.scopes.join(' '),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    }
  }

  /** A bucket for each address; another size in the settings begins anew. */
  #limitsOf({ registrationsPerHour: points }: SiteSettings): Limits {
    if (this.#limits?.points !== points) this.#limits = { points, limits: new Limits({ points, seconds: 3600 }) }
    return this.#limits.limits
  }
}

/** What is unused goes by the hour, unless the settings keep it for ever. */
const full = (): FrappeError =>
  new FrappeError(
    'TooManyRequestsError',
    "Too many programs have registered here that nobody has used yet; try again in an hour, or ask one of the site's System Managers to register yours",
    { headers: { 'retry-after': '3600' } },
  )

/** What the program may ask for: of what it names, what the site gives such programs; everything of that when it names nothing. */
function scopesOf({ scopes }: ClientMetadata, settings: SiteSettings): readonly string[] {
  const allowed = policyScopes(settings)
  if (scopes === undefined) return allowed
  const granted = scopes.filter((scope) => allowsScope(allowed, scope))
  if (granted.length === 0)
    throw new OAuthError(
      'invalid_client_metadata',
      `Programs that register themselves may ask for ${splitScope(allowed.join(' ')).join(' ')}`,
    )
  return [...new Set([...granted, ALWAYS])]
}

/** The document: only what is named here, so that nothing that loosens a rule can come from outside. */
const valuesOf = (metadata: ClientMetadata, scopes: readonly string[]): Record<string, unknown> => ({
  dynamically_registered: 1,
  kind: metadata.kind,
  redirect_uris: metadata.redirectUris.join('\n'),
  default_redirect_uri: metadata.redirectUris[0],
  scopes: scopes.join(' '),
  client_uri: metadata.homePage ?? null,
  logo_uri: metadata.logo ?? null,
  contact: metadata.contacts[0] ?? null,
  post_logout_redirect_uris: metadata.postLogoutRedirectUris.join('\n'),
  backchannel_logout_uri: metadata.backchannelLogoutUri ?? null,
  rs256_id_token: metadata.alg === 'RS256' ? 1 : 0,
  require_pkce: 1,
})

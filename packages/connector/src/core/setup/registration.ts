import { isRecord } from '@annex/protocol'
import { AppRefused, UpstreamUnavailable } from '../errors.ts'
import { inTurn } from '../leases/leases.ts'
import type { LeaseStore, RegistrationStore, StoredRegistration } from '../../stores/connector-store.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { outageOf, retryAfterMs, type Send, type UpstreamAnswer } from '../upstream/transport.ts'
import type { RegisteredClient, SelfRegistering } from './client.ts'
import type { Discovery } from './discovery.ts'
import { prefilledForm } from './prefilled-form.ts'
import type { Site } from './site.ts'

/** The lease is longer than one request to the site takes, and the wait longer than the lease. */
const TURN = {
  leaseMs: 30_000,
  waitMs: 200,
  waits: 160,
  busy: 'Another process is registering this app at the site: try again later',
}

export interface RegistrationParts {
  readonly tenant: string
  readonly issuer: string
  /** All that the app may ever ask for. */
  readonly scopes: readonly string[]
  /** Where it hears of sign-outs; undefined when it does not. */
  readonly logoutUri?: string | undefined
  readonly store: { readonly registrations: RegistrationStore; readonly leases: LeaseStore }
  readonly sealer: Sealer
  readonly discovery: Discovery
  readonly send: Send
  readonly clock: () => number
}

/** What is stored of this app's own registration; undefined when it has not registered itself yet. */
export async function readRegistration(
  { redirectUri }: SelfRegistering,
  { issuer, store, sealer, tenant }: RegistrationParts,
): Promise<RegisteredClient | undefined> {
  const stored = await store.registrations.read(issuer, redirectUri)
  if (stored === undefined) return undefined
  if (stored.secret === null) return { id: stored.clientId, redirectUri }
  const secret = await sealer.open(stored.secret, registrationPlace(tenant, stored))
  if (secret !== undefined) return { id: stored.clientId, secret, redirectUri }
  throw new AppRefused('invalid_client', 'the secret that it was given does not open with the keys that are set', {
    hint: 'secret',
    advice: 'set the keys that it was sealed with, or register it anew with `annex-connector register --again`',
  })
}

/**
 * The client that this app is at the site: registered once, whoever of its processes comes first.
 *
 * @throws {AppRefused} when the site lets no app register itself, or not this one; the sentence holds the link to a filled-in form
 * @throws {UpstreamUnavailable} when the site does not answer, or asks to be left alone
 * @see RFC 7591 section 3
 */
export async function register(options: SelfRegistering, parts: RegistrationParts): Promise<RegisteredClient> {
  const stored = await readRegistration(options, parts)
  if (stored !== undefined) return stored
  const { issuer, store, discovery } = parts
  // Before the lease: it takes several requests.
  const site = await discovery.site()
  const known = () => readRegistration(options, parts)
  const turn = { ...TURN, name: `register:${issuer} ${options.redirectUri}` }
  return inTurn(store.leases, turn, async () => (await known()) ?? ask(options, parts, site), known)
}

/** Gives what is stored when this process has lost its lease to another that was quicker. */
async function ask(options: SelfRegistering, parts: RegistrationParts, site: Site): Promise<RegisteredClient | undefined> {
  const { issuer, sealer, send, clock, store, tenant } = parts
  if (site.endpoints.register === undefined) {
    // Whoever reads the refusal may switch it on there.
    parts.discovery.doubt()
    throw refusal(options, parts, site, 'it lets no app register itself')
  }
  const answer = await send(site.endpoints.register, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(metadataOf(options, parts, site)),
  })
  const { id, secret } = judge(answer, options, parts, site)
  const place = { issuer, redirectUri: options.redirectUri }
  const sealed = secret === undefined ? null : await sealer.seal(secret, registrationPlace(tenant, place))
  const isOurs = await store.registrations.insert({ ...place, clientId: id, secret: sealed, registeredAt: clock() })
  if (!isOurs) return readRegistration(options, parts)
  return { id, ...(secret === undefined ? {} : { secret }), redirectUri: options.redirectUri }
}

/** One redirect URI alone: a Frappe 16 stores several in a form that it does not find again. */
const metadataOf = ({ register: app, redirectUri }: SelfRegistering, { scopes, logoutUri }: RegistrationParts, site: Site) => ({
  client_name: app.name,
  redirect_uris: [redirectUri],
  application_type: 'web',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: site.secretIn === 'header' ? 'client_secret_basic' : 'client_secret_post',
  scope: scopes.join(' '),
  ...(app.contacts === undefined ? {} : { contacts: app.contacts }),
  // Of an app that nobody vouches for an Annex site takes no plain http, not even on loopback: a manager may enter that by hand.
  ...(site.tellsSignOuts && logoutUri?.startsWith('https:') === true ? { backchannel_logout_uri: logoutUri } : {}),
})

function judge(
  answer: UpstreamAnswer,
  options: SelfRegistering,
  parts: RegistrationParts,
  site: Site,
): { id: string; secret: string | undefined } {
  const { status, json, headers } = answer
  if (status === 429 || status >= 500)
    throw new UpstreamUnavailable(outageOf(answer), `The site answered ${status} to the registration of this app: try again later`, {
      retryAfterMs: retryAfterMs(headers, parts.clock()),
    })
  const { client_id: id, client_secret: secret, redirect_uris: uris } = isRecord(json) ? json : {}
  if (status >= 300 || typeof id !== 'string' || id === '') throw refusal(options, parts, site, wordsOf(answer))
  if (Array.isArray(uris) && !uris.includes(options.redirectUri))
    throw new AppRefused(
      'invalid_redirect_uri',
      `it has registered the redirect URI ${String(uris[0])} instead of ${options.redirectUri}`,
      {
        hint: 'redirect',
        advice: 'write client.redirectUri as the site does',
      },
    )
  return { id, secret: typeof secret === 'string' && secret !== '' ? secret : undefined }
}

function refusal(options: SelfRegistering, parts: RegistrationParts, site: Site, words: string): AppRefused {
  const form = formFor(options, parts, site)
  return new AppRefused('access_denied', words, {
    hint: 'client',
    advice: `have one of its System Managers open ${form} and set client.id and client.secret to what the site gives`,
    formUrl: form,
  })
}

/** The site's form for this app, filled in. */
export const formFor = ({ register: app, redirectUri }: SelfRegistering, parts: FormParts, { issuer, tellsSignOuts }: Site): string =>
  prefilledForm(issuer, { name: app.name, redirectUri, scopes: parts.scopes, logoutUri: tellsSignOuts ? parts.logoutUri : undefined })

type FormParts = Pick<RegistrationParts, 'scopes' | 'logoutUri'>

function wordsOf({ status, json }: UpstreamAnswer): string {
  const said = isRecord(json) ? (json['error_description'] ?? json['error']) : undefined
  return typeof said === 'string' && said !== '' ? said : `it answers ${status} to the registration`
}

/** What a stored secret is sealed for. */
export const registrationPlace = (tenant: string, { issuer, redirectUri }: Pick<StoredRegistration, 'issuer' | 'redirectUri'>): string =>
  `${tenant}|registration|${issuer}|${redirectUri}`

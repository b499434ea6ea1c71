import { readScope } from '@annex/protocol'
import { AppRefused, InvalidSignIn, UpstreamUnavailable } from '../../errors.ts'
import { checkClient } from './check-client.ts'
import { checkDocument } from './check-document.ts'
import type { ClientOptions, RegisteredClient } from '../client.ts'
import { bad, good, unknown, type Finding } from './finding.ts'
import { formFor, readRegistration, type RegistrationParts } from '../registration.ts'
import type { Site } from '../site.ts'

export interface CheckParts extends RegistrationParts {
  readonly client: ClientOptions
}

/** Of `connector.check`. */
export interface CheckOptions {
  /** `key:secret` of a System Manager's: what the site keeps to itself can be compared then, field by field. */
  readonly apiKey?: string
}

/**
 * What of an app's settings for a site is right, wrong, or not to be told from here, in one sentence each. Asks the site;
 * changes nothing there and nothing here.
 */
export async function checkSettings(parts: CheckParts, { apiKey }: CheckOptions = {}): Promise<Finding[]> {
  const site = await orFinding('site', parts.discovery.site())
  if ('verdict' in site) return [site]
  const there = await checkSite(site, parts)
  if (there.verdict === 'bad') return [there]
  const client = await orFinding('client', clientAt(site, parts))
  const found = 'verdict' in client ? [client] : await checkClientAt(site, client, parts, apiKey)
  const findings = [there, ...found]
  if (!findings.some(({ what }) => what === 'scopes')) findings.push(checkScopes(site, parts.scopes))
  return findings.toSorted((one, other) => ORDER.indexOf(one.what) - ORDER.indexOf(other.what))
}

const ORDER: readonly Finding['what'][] = ['site', 'client', 'redirect', 'secret', 'scopes', 'sign-in']

/** What was asked for, or the sentence with which it could not be had. */
async function orFinding<Value extends object>(what: Finding['what'], asked: Promise<Value>): Promise<Value | Finding> {
  try {
    return await asked
  } catch (error) {
    if ([InvalidSignIn, UpstreamUnavailable, AppRefused].some((kind) => error instanceof kind)) return bad(what, sentenceOf(error as Error))
    throw error
  }
}

/** As the other sentences, which stand behind a word. */
const sentenceOf = ({ message }: Error): string => message.charAt(0).toLowerCase() + message.slice(1)

const KINDS: Readonly<Record<Site['kind'], string>> = { annex: 'an Annex site', 'frappe-16': 'a Frappe 16', 'frappe-15': 'a Frappe 15' }

/** A site that announces nothing may be any server at all: a Frappe answers a ping. */
async function checkSite({ issuer, kind, proof, oddIssuers }: Site, { send }: CheckParts): Promise<Finding> {
  if (proof !== 'secret') return good('site', `${issuer} is ${KINDS[kind]}`)
  const { json } = await send(`${new URL(issuer).origin}/api/method/ping`, { headers: { accept: 'application/json' } })
  if ((json as { readonly message?: unknown } | undefined)?.message !== 'pong')
    return bad('site', `what answers at ${issuer} is no Frappe site: check the address`)
  const called = oddIssuers.filter((name) => name !== '').join(', ')
  return good(
    'site',
    `${issuer} is ${KINDS[kind]}${called === '' ? '' : ` that calls itself ${called} in its tokens, which is taken for the same`}`,
  )
}

async function clientAt(site: Site, parts: CheckParts): Promise<RegisteredClient | Finding> {
  const { client } = parts
  if ('id' in client) return client
  const registered = await readRegistration(client, parts)
  if (registered !== undefined) return registered
  if (site.endpoints.register !== undefined)
    return unknown('client', 'the app is not registered yet: it registers itself at the first sign-in')
  return bad('client', `the site lets no app register itself: have a System Manager open ${formFor(client, parts, site)}`)
}

async function checkClientAt(
  site: Site,
  client: RegisteredClient,
  { send, scopes, client: set }: CheckParts,
  apiKey: string | undefined,
): Promise<readonly Finding[]> {
  try {
    const found =
      apiKey === undefined ? await checkClient(site.endpoints, client, send) : await checkDocument({ site, client, scopes, send, apiKey })
    const isLost = 'register' in set && found.some(({ what, verdict }) => what === 'client' && verdict === 'bad')
    return isLost ? [bad('client', lostSentence(client))] : [...found, checkProof(site, client)]
  } catch (error) {
    if (error instanceof UpstreamUnavailable) return [unknown('client', sentenceOf(error))]
    throw error
  }
}

const lostSentence = ({ id }: RegisteredClient): string =>
  `the site knows the app no more that registered itself as ${id}: register it anew with \`annex-connector register --again\``

/** How a person is proven to be who they are. */
function checkProof({ proof, pkce }: Site, { secret }: RegisteredClient): Finding {
  if (!pkce && secret === undefined)
    return bad('sign-in', 'the site knows no PKCE with S256, without which an app needs a secret: set client.secret')
  if (proof !== 'secret') return good('sign-in', 'the site proves who signs in by keys that it publishes')
  return secret === undefined
    ? good('sign-in', 'the site publishes no keys and the app has no secret: who signs in is what the site shows as their profile')
    : good('sign-in', "the site proves who signs in by the app's secret")
}

function checkScopes({ proof }: Site, scopes: readonly string[]): Finding {
  if (proof === 'secret') return good('scopes', 'on a Frappe they are labels: what the app may do is what the person may do')
  const wrong = scopes.filter((scope) => readScope(scope) === undefined)
  if (wrong.length === 0) return good('scopes', 'each has the right form; whether the app may ask for them shows at sign-in')
  return bad('scopes', `${wrong.join(', ')} is no scope: write DocType:right with dots for spaces, as Sales.Invoice:read`)
}

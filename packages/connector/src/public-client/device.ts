import { isRecord, OAuthError } from '@annex/protocol'
import { AppRefused, ConsentDenied, InvalidSignIn, UpstreamUnavailable } from '../core/errors.ts'
import { parseTokens, type Tokens } from '../core/tokens/token-responses.ts'
import { LONGEST_WAIT_MS, type UpstreamAnswer } from '../core/upstream/transport.ts'
import { CodeFlow, type PublicCrypto } from './code-flow.ts'
import { keeperOf, resume } from './kept-tokens.ts'
import { PublicTokens, type PublicAccess, type PublicClientOptions, type TokenKeeper } from './public-tokens.ts'

export { AppRefused, ConsentDenied, InvalidSignIn, ScopeMissing, SignInRequired, UpstreamUnavailable } from '../core/errors.ts'
export type { PublicCrypto } from './code-flow.ts'
export type { PublicAccess, PublicClientOptions, TokenKeeper } from './public-tokens.ts'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code'
const DEFAULT_INTERVAL_S = 5
const SLOW_DOWN_MS = 5_000
/** A year. */
const LONGEST_LIFETIME_S = 31_536_000

/** What the person needs who signs in at another device. */
export interface DevicePrompt {
  /** To be typed in there. */
  readonly userCode: string
  readonly verificationUri: string
  /** The same with the code in it, for a QR code; not every site has one. */
  readonly completeUri?: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Which site, and how the person and the tokens are reached. */
export interface DeviceOptions extends PublicClientOptions {
  readonly show: (prompt: DevicePrompt) => void
  /** With one, the person is asked again only when access has ended. */
  readonly keep?: TokenKeeper
  /** Stops waiting for the person. */
  readonly signal?: AbortSignal
}

/**
 * Signs a person in who has a browser elsewhere: for command lines. Asks as often as the site says, and less often while
 * it cannot be reached.
 *
 * @throws {ConsentDenied} when the person said no
 * @throws {InvalidSignIn} when the code was not entered in time
 * @throws {AppRefused} when the site has no sign-in for devices, or not for this app
 * @throws {UpstreamUnavailable} when the site does not answer to the first request
 * @see RFC 8628
 */
export async function signInByDevice(options: DeviceOptions): Promise<PublicAccess> {
  const keep = options.keep && keeperOf(options.keep, options)
  const tokens = new PublicTokens({ options, redirectUri: options.issuer, keep })
  if (await resume(tokens, keep, options.scopes)) return tokens
  const device = await beginDevice(tokens, options)
  options.show(device.prompt)
  await tokens.accept(await waitForPerson(tokens, options, device))
  return tokens
}

/** Which site, and how its page is shown to the person. */
export interface BrowserSignInOptions extends PublicClientOptions {
  /** Byte for byte as registered at the site, as `com.example.shop:/callback`. */
  readonly redirectUri: string
  /** Shows the site's page to the person, and gives the address that they came back with. */
  readonly open: (url: string) => Promise<string>
  readonly keep?: TokenKeeper
  /** Web Crypto when absent. */
  readonly crypto?: PublicCrypto
}

/**
 * Signs a person in with the browser of their device: for phones and desktop programs (RFC 8252).
 *
 * @throws {ConsentDenied} when the person said no
 * @throws {InvalidSignIn} for an answer to another sign-in, or of another site
 * @throws {UpstreamUnavailable} when the site does not answer
 */
export async function signInByBrowser(options: BrowserSignInOptions): Promise<PublicAccess> {
  const { redirectUri, crypto, open } = options
  const keep = options.keep && keeperOf(options.keep, options)
  const tokens = new PublicTokens({ options, redirectUri, keep })
  if (await resume(tokens, keep, options.scopes)) return tokens
  const flow = new CodeFlow({ tokens, options, redirectUri, crypto })
  const { url, pending } = await flow.begin('/')
  await flow.finish(pending, new URL(await open(url)).searchParams)
  return tokens
}

interface Device {
  readonly code: string
  readonly intervalMs: number
  readonly prompt: DevicePrompt
}

/** @see RFC 8628 sections 3.1 and 3.2 */
async function beginDevice(tokens: PublicTokens, { scopes }: DeviceOptions): Promise<Device> {
  const { endpoints } = await tokens.discovery.site()
  if (endpoints.device === undefined)
    throw new AppRefused('unauthorized_client', 'it has no sign-in for devices', { advice: 'sign in with a browser instead' })
  const at = tokens.clock()
  const answer = await tokens.post(endpoints.device, { scope: scopes.join(' ') })
  const { json } = answer
  if (answer.status !== 200 || !isRecord(json) || typeof json['device_code'] !== 'string') throw refusalIn(answer, at, scopes)
  const { device_code: code, user_code: userCode, verification_uri: uri, verification_uri_complete: complete } = json
  const lifeS = Math.min(positive(json['expires_in']) ?? 600, LONGEST_LIFETIME_S)
  return {
    code,
    intervalMs: (positive(json['interval']) ?? DEFAULT_INTERVAL_S) * 1000,
    prompt: {
      userCode: String(userCode),
      verificationUri: String(uri),
      ...(typeof complete === 'string' ? { completeUri: complete } : {}),
      expiresAt: at + lifeS * 1000,
    },
  }
}

/** @see RFC 8628 sections 3.4 and 3.5 */
async function waitForPerson(tokens: PublicTokens, options: DeviceOptions, { code, intervalMs, prompt }: Device): Promise<Tokens> {
  const { endpoints } = await tokens.discovery.site()
  const { scopes, signal } = options
  for (let wait = intervalMs; tokens.clock() < prompt.expiresAt;) {
    await pause(wait, signal)
    const at = tokens.clock()
    try {
      const form = { grant_type: GRANT_TYPE, device_code: code }
      return parseTokens(await tokens.post(endpoints.token, form, signal), { at, scopes, refresh: null })
    } catch (error) {
      wait = waitAfter(error, wait)
    }
  }
  throw new InvalidSignIn('The code was not entered in time: start again')
}

/** How long to wait before the next question. @throws when there is nothing more to wait for */
function waitAfter(error: unknown, wait: number): number {
  if (error instanceof UpstreamUnavailable) return Math.max(wait * 2, error.retryAfterMs ?? 0)
  const code = error instanceof OAuthError ? error.code : undefined
  if (code === 'authorization_pending') return wait
  if (code === 'slow_down') return wait + SLOW_DOWN_MS
  if (code === 'access_denied') throw new ConsentDenied()
  if (code === 'expired_token' || code === 'invalid_grant') throw new InvalidSignIn('The code was not entered in time: start again')
  throw error
}

/** The token endpoint's judge knows each refusal; what is no refusal either is no answer of a site. */
function refusalIn(answer: UpstreamAnswer, at: number, scopes: readonly string[]): unknown {
  try {
    return parseTokens(answer, { at, scopes, refresh: null })
  } catch (error) {
    return error
  }
}

const positive = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined)

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const over = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(resolve, Math.min(ms, LONGEST_WAIT_MS))
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: over.signal })
    })
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}

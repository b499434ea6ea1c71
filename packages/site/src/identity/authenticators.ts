import type { Database, Generation } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { Audit } from '../audit/audit.ts'
import type { Authenticator } from '../http/exchange.ts'
import { GUEST, type Principal } from '../policy/principal.ts'
import { refusedKeys, type Accounts, type ApiKeys } from './accounts/accounts.ts'
import type { Principals } from './principals.ts'
import { endedCookies, sessionCookies } from './sessions/session-cookies.ts'
import type { Session, Sessions } from './sessions/sessions.ts'

export interface AuthenticatorParts {
  readonly database: Database
  readonly audit: Audit
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly principals: Principals
  readonly generation: Generation
}

type ApiKeyParts = Pick<AuthenticatorParts, 'accounts' | 'principals' | 'generation'>

/**
 * Knows a browser by its `sid` cookie, when no Authorization header is there to decide.
 * A session that is no more, or of a disabled user, or of one who lacks the second factor that a role asks for, makes a guest
 * who is told so.
 */
export function sessionAuthenticator(parts: AuthenticatorParts): Authenticator<Principal> {
  const { accounts, sessions, principals, generation } = parts
  return async ({ headers, cookies, ip }) => {
    const sid = cookies['sid']
    if (headers['authorization'] !== undefined || !sid || sid === GUEST.user) return undefined
    const session = await sessions.read(sid)
    if (session) await generation.observe(session.generation)
    const principal = session && (await principals.of(session.user))
    if (session && principal?.factor === 'lacking') await endLacking(parts, session, ip)
    if (!principal || principal.factor === 'lacking') return { caller: GUEST, sessionExpired: true, cookies: endedCookies }
    const known = { caller: { ...principal, session: session.hash }, csrf: session.csrf }
    const account = session.slid ? await accounts.read(session.user) : undefined
    return account ? { ...known, cookies: sessionCookies(sid, account) } : known
  }
}

/** For good: when nobody asks for the factor any more, no old session comes back to life. Of many requests at once one ends it. */
async function endLacking({ database, sessions, audit }: AuthenticatorParts, { user, hash }: Session, ip: string): Promise<void> {
  const detail = { which: 'this one', reason: 'a role asks for a second factor' }
  await database.transaction(
    async (connection) => {
      if (await sessions.endOwn(connection, user, hash)) await audit.write(connection, { event: 'session ended', user, ip, detail })
    },
    { durable: true },
  )
}

/**
 * Knows a program by an API key: `token key:secret`, or `Basic` with the pair in base64.
 *
 * @throws {FrappeError} `AuthenticationError` when the pair is not good or its user disabled, `InvalidAuthorizationToken` (400) when it cannot be read
 */
export function apiKeyAuthenticator({ accounts, principals, generation }: ApiKeyParts): Authenticator<Principal> {
  return async ({ headers }) => {
    const header = headers['authorization']
    if (typeof header !== 'string' || !/^(?:token|basic)(?:\s|$)/i.test(header)) return undefined
    const { user, generation: seen } = await accounts.checkKeys(parseKeys(header))
    await generation.observe(seen)
    const caller = await principals.of(user)
    if (!caller) throw refusedKeys()
    return { caller }
  }
}

function parseKeys(header: string): ApiKeys {
  const [, scheme = '', credential] = /^(\S+) (\S+)$/.exec(header) ?? []
  if (credential === undefined) throw refusedKeys()
  const pair = scheme.toLowerCase() === 'basic' ? decode(credential) : credential
  const [apiKey, apiSecret, ...rest] = pair.split(':')
  if (!apiKey || !apiSecret || rest.length > 0) throw refusedKeys()
  return { apiKey, apiSecret }
}

function decode(credential: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credential))
    throw new FrappeError('InvalidAuthorizationToken', 'What follows Basic is not base64; send base64 of key:secret')
  const text = Buffer.from(credential, 'base64').toString()
  // The database refuses NUL; and no key of ours has a control character.
  if (/\p{Cc}/u.test(text)) throw refusedKeys()
  return text
}

import { isLoopback } from '@annex/protocol'
import { InvalidSignIn } from '../errors.ts'
import type { Site } from './site.ts'

/**
 * The issuer as it is compared.
 *
 * @throws {Error} when it is no address, or plain http off loopback
 */
export function parseIssuer(issuer: string): string {
  if (!URL.canParse(issuer)) throw new Error(`issuer ${issuer} must be the site's address, as https://erp.example.com`)
  const url = new URL(issuer)
  if (!isProtected(url)) throw new Error(`issuer ${issuer} must be https (http is for loopback alone)`)
  if (url.search !== '' || url.hash !== '') throw new Error(`issuer ${issuer} must have no query and no fragment`)
  if (url.username !== '' || url.password !== '') throw new Error('issuer must hold no user name and no password')
  return issuer
}

/** Whether nobody on the way can read what is sent there: https, or this very machine. */
export function isProtected(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOnMachine(url))
}

/** Whether it leads to the machine that asks; browsers know names below `localhost` for it too. */
export const isOnMachine = ({ hostname }: URL): boolean => isLoopback(hostname) || hostname.endsWith('.localhost')

/**
 * The answer to a sign-in has to come from the site that was asked.
 *
 * @throws {InvalidSignIn} when it names another, or none though the site says that it does
 * @see RFC 9207 section 2.4
 */
export function checkAnswerIssuer({ issuer, announcesIss }: Pick<Site, 'issuer' | 'announcesIss'>, answer: URLSearchParams): void {
  const named = answer.get('iss')
  if (named === issuer || (named === null && !announcesIss)) return
  throw new InvalidSignIn('The answer to the sign-in does not come from the site that was asked: start again')
}

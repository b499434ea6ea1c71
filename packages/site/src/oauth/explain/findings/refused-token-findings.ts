import { refuses, type Finding } from './findings.ts'

const ANEW = 'The app sends its user through the sign-in again'
const RENEW = 'The app renews it with its refresh token, or its user signs in again'

/** What is to be said of a token that was refused, and that its grant, its app and its user do not say. */
const OF_TOKEN: Readonly<Record<string, readonly [sentence: string, remedy: string]>> = {
  unknown: ['This site knew no such token: it was never issued here, or it ended more than a day before', RENEW],
  expired: ['The access token had expired', RENEW],
  resource: ['The access token was not for the address of this site', ANEW],
  'other user': ['The app has another user to act as by now', 'The app asks for a token with its secret again'],
}

/** Of the token itself, by the reason that was remembered. */
export function refusedTokenFindings(reason: string | undefined): Finding[] {
  const told = reason === undefined ? undefined : OF_TOKEN[reason]
  return told ? [refuses('token', ...told)] : []
}

import { describe, expect, it } from 'vitest'
import { refusedTokenFindings } from './refused-token-findings.ts'

const RENEW = 'The app renews it with its refresh token, or its user signs in again'

describe('What is said of a token that was refused', () => {
  it.each<[reason: string, sentence: string, remedy: string]>([
    ['unknown', 'This site knew no such token: it was never issued here, or it ended more than a day before', RENEW],
    ['expired', 'The access token had expired', RENEW],
    ['resource', 'The access token was not for the address of this site', 'The app sends its user through the sign-in again'],
    ['other user', 'The app has another user to act as by now', 'The app asks for a token with its secret again'],
  ])('as %s is said of the token itself', (reason, sentence, remedy) => {
    expect(refusedTokenFindings(reason)).toEqual([{ check: 'token', outcome: 'refuses', sentence, remedy }])
  })

  it.each(['user', 'address', '', undefined])('for another reason, %j, is for others to say', (reason) => {
    expect(refusedTokenFindings(reason)).toEqual([])
  })
})

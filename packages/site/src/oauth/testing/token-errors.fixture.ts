import { expect } from 'vitest'
import type { Reply } from './app.fixture.ts'

/** What a request to the token endpoint must end in: an error that says what is wrong, and is kept nowhere. */
export function expectTokenError(reply: Reply, error: string, status = error === 'invalid_client' ? 401 : 400): void {
  expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status, error })
  expect(reply.headers.get('cache-control')).toBe('no-store')
  expect(typeof reply.json['error_description']).toBe('string')
}

/** The header by which a client shows its secret. */
export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

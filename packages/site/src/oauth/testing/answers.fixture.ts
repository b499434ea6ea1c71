import { expect } from 'vitest'
import { REDIRECT, type Reply } from './app.fixture.ts'

/** What a request must end in: a refusal here, or an error at the app. */
export function expectRefusal(reply: Reply, description?: string): void {
  expect(reply.status).toBe(400)
  expect(reply.location).toBeUndefined()
  if (description !== undefined) expect(reply.text).toContain(description)
}

export function expectError(reply: Reply, error: string, state: string | null = 'xyz'): void {
  expect(`${reply.location?.origin}${reply.location?.pathname}`, reply.text).toBe(REDIRECT)
  expect(reply.location?.searchParams.get('error')).toBe(error)
  expect(reply.location?.searchParams.get('state')).toBe(state)
  expect(reply.location?.searchParams.get('iss')).toMatch(/^http:\/\/127/)
  expect(reply.location?.searchParams.get('code')).toBeNull()
}

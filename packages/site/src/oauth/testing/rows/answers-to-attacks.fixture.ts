import { expect } from 'vitest'
import { expectError, expectRefusal } from '../answers.fixture.ts'
import type { Answer, AttackRow } from './attack-row.fixture.ts'

/** Judges an answer on any stage. */
type AnswerAnywhere = Answer<{ readonly provider: { readonly base: string } }>

/** Tells nothing of the inside, and is kept by nobody. */
export const isDiscreet: AnswerAnywhere = ({ text, headers }) => {
  expect(headers.get('cache-control')).toBe('no-store')
  expect(text).not.toMatch(/Traceback|node_modules|packages\/|\.ts:\d|SQLITE_|at async|select /)
}

/** 400 here, and nobody is sent anywhere. */
export const refusedHere: AnswerAnywhere = (reply, stage) => {
  expectRefusal(reply)
  isDiscreet(reply, stage)
}

/** The browser goes back to the app with the error, the state and the issuer. */
export const toldToApp =
  (error: string, state: string | null = 'xyz'): AnswerAnywhere =>
  (reply, stage) => {
    expectError(reply, error, state)
    expect(reply.location?.searchParams.get('iss')).toBe(stage.provider.base)
    isDiscreet(reply, stage)
  }

/** An error of the endpoints that apps talk to. */
export const errorOf =
  (error: string, status = error === 'invalid_client' ? 401 : 400): AnswerAnywhere =>
  (reply, stage) => {
    expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status, error })
    expect(reply.location).toBeUndefined()
    isDiscreet(reply, stage)
  }

/** An error of the token endpoint, which the trail remembers by its code. */
export const refusedAs = (error: string): Pick<AttackRow, 'answer' | 'trail'> => ({
  answer: errorOf(error),
  trail: [`oauth.token.refused: ${error}`],
})

/** The token opens nothing, and the answer says where to get one. */
export const unknownToken: AnswerAnywhere = (reply, stage) => {
  expect(reply.status).toBe(401)
  expect(reply.headers.get('www-authenticate')).toContain('Bearer ')
  expect(reply.headers.get('www-authenticate')).toContain(`resource_metadata="${stage.provider.base}/.well-known/oauth-protected-resource"`)
  isDiscreet(reply, stage)
}

/** It sends the browser to sign in, at this site. */
export const toSignIn: AnswerAnywhere = ({ status, location }, { provider }) => {
  expect([status, location?.origin, location?.pathname]).toEqual([302, provider.base, '/login'])
}

/** The answer has this status and, where it is named, exactly this body. */
export const answered =
  (status: number, body?: object): AnswerAnywhere =>
  (reply) => {
    expect(reply.status, reply.text).toBe(status)
    if (body !== undefined) expect(reply.json).toEqual(body)
  }

/** The browser goes back to the app with a code, the state and the issuer. */
export const codeToApp: AnswerAnywhere = ({ status, location, headers }, { provider }) => {
  expect(status).toBe(303)
  expect(location?.searchParams.get('code')).toBeTruthy()
  expect(location?.searchParams.get('iss')).toBe(provider.base)
  expect(headers.get('cache-control')).toBe('no-store')
}

/** Nobody is signed out before they said so. */
export const asksPerson: AnswerAnywhere = ({ status, location, text, headers }) => {
  expect([status, location, headers.get('cache-control')]).toEqual([200, undefined, 'no-store'])
  expect(text).toContain('Sign out?')
}
